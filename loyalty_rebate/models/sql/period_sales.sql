-- Sales of each customer by the period that they belong to: what counts, by the own percentage of the products (0: none),
-- and the sum of everything, by which a later roll-over finds what has changed. Earlier periods: only where it has.
WITH sales AS (%(sources)s),
counted AS (SELECT product_id, max(percentage) AS percentage FROM (%(rules)s) r GROUP BY product_id),
parts AS (
     SELECT s.commercial_partner_id AS partner_id, date_trunc(%(unit)s, s.of_day)::date AS start,
            CASE WHEN c.loyalty_tracked AND p.loyalty_tracked
                  AND (%(begin)s::date IS NULL OR s.of_day >= %(begin)s) AND (%(end)s::date IS NULL OR s.of_day <= %(end)s)
                 THEN CASE WHEN s.product_id IS NULL THEN %(without_product)s::numeric
                           WHEN s.product_id = ANY(%(paying)s::int[]) THEN NULL ELSE k.percentage END
            END AS percentage, sum(s.amount) AS amount
       FROM sales s
       JOIN res_partner p ON p.id = s.partner_id
       JOIN res_partner c ON c.id = s.commercial_partner_id
       LEFT JOIN counted k ON k.product_id = s.product_id
      WHERE %(partners)s::int[] IS NULL OR s.commercial_partner_id = ANY(%(partners)s::int[])
      GROUP BY 1, 2, 3),
totals AS (
     SELECT partner_id, start, jsonb_object_agg(percentage::text, amount) FILTER (WHERE percentage IS NOT NULL) AS base,
            sum(amount) AS gross
       FROM parts GROUP BY partner_id, start),
lines AS (SELECT * FROM loyalty_period_line WHERE program_id = %(program)s),
rolled AS (SELECT id, date_from FROM loyalty_period WHERE program_id = %(program)s)
SELECT COALESCE(t.partner_id, l.partner_id) AS partner_id, COALESCE(t.start, l.date_from) AS start, t.base,
       COALESCE(t.gross, 0) AS gross, r.id AS period_id, l.id AS line_id, l.terms, COALESCE(l.posted_amount, 0) AS posted,
       COALESCE(l.is_skipped, FALSE) AS is_skipped, l.card_id, b.loyalty_on_hold AS on_hold
  FROM totals t
  FULL JOIN lines l ON l.partner_id = t.partner_id AND l.date_from = t.start
  LEFT JOIN rolled r ON r.date_from = COALESCE(t.start, l.date_from)
  JOIN res_partner b ON b.id = COALESCE(t.partner_id, l.partner_id)
 WHERE (%(partners)s::int[] IS NULL OR b.id = ANY(%(partners)s::int[]))
   AND (COALESCE(t.start, l.date_from) = %(start)s AND (l.id IS NULL OR %(all)s OR l.gross <> round(COALESCE(t.gross, 0), 4)
                                                       OR l.credit_amount <> l.posted_amount)
        OR COALESCE(t.start, l.date_from) < %(start)s AND r.id IS NOT NULL
           AND (round(COALESCE(t.gross, 0), 4) <> COALESCE(l.gross, 0) OR l.credit_amount <> l.posted_amount))
 ORDER BY 1, 2
