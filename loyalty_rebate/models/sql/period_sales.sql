-- Sales of each customer by the period that they belong to: what counts, by the own percentage of the products (0: none),
-- and the sum of everything, by which a later roll-over finds what has changed. Earlier periods: only where it has.
-- What counted in a period when it was rolled over (its marks) counts in it for good; periods without marks go by the settings
-- of now. Figures (all) are those of the one period. Filters stand in every part, so that one customer is found by indexes.
WITH sales AS (%(sources)s),
counted AS (%(counted)s),
rolled AS (SELECT id, date_from, marks FROM loyalty_period
            WHERE program_id = %(program)s AND (date_from = %(start)s OR NOT %(all)s)),
terms AS MATERIALIZED (
     SELECT date_from, (marks ->> 'begin')::date AS date_begin, (marks ->> 'end')::date AS date_end
       FROM rolled WHERE marks IS NOT NULL),
frozen AS MATERIALIZED (
     SELECT r.date_from AS start, e.key::int AS product_id, e.value::numeric AS percentage
       FROM rolled r CROSS JOIN LATERAL jsonb_each_text(r.marks -> 'products') e),
untracked AS MATERIALIZED (
     SELECT r.date_from AS start, e.value::int AS partner_id
       FROM rolled r CROSS JOIN LATERAL jsonb_array_elements_text(r.marks -> 'untracked') e),
-- Several documents of a customer are one row before anything is looked up.
sums AS (
     SELECT s.commercial_partner_id, s.partner_id, COALESCE(s.product_id, 0) AS product_id, s.start, r.date_from,
            s.of_day >= COALESCE(CASE WHEN r.date_from IS NULL THEN %(begin)s::date ELSE r.date_begin END, s.of_day)
                AND s.of_day <= COALESCE(CASE WHEN r.date_from IS NULL THEN %(end)s::date ELSE r.date_end END, s.of_day)
                AS in_time,
            sum(s.amount) AS amount
       FROM (SELECT *, date_trunc(%(unit)s, of_day)::date AS start FROM sales) s
       LEFT JOIN terms r ON r.date_from = s.start
      WHERE %(partners)s::int[] IS NULL OR s.commercial_partner_id = ANY(%(partners)s::int[])
      GROUP BY 1, 2, 3, 4, 5, 6),
parts AS (
     SELECT s.commercial_partner_id AS partner_id, s.start,
            CASE WHEN s.in_time AND u.partner_id IS NULL AND uc.partner_id IS NULL
                  AND (c.loyalty_tracked AND p.loyalty_tracked OR s.date_from IS NOT NULL AND EXISTS (
                       SELECT FROM loyalty_period_line l
                        WHERE l.program_id = %(program)s AND l.partner_id = s.commercial_partner_id AND l.date_from = s.start))
                 THEN CASE WHEN f.product_id IS NULL THEN k.percentage ELSE f.percentage END
            END AS percentage, sum(s.amount) AS amount
       FROM sums s
       JOIN res_partner p ON p.id = s.partner_id
       JOIN res_partner c ON c.id = s.commercial_partner_id
       LEFT JOIN frozen f ON f.start = s.start AND f.product_id = s.product_id
       LEFT JOIN untracked u ON u.start = s.start AND u.partner_id = s.partner_id
       LEFT JOIN untracked uc ON uc.start = s.start AND uc.partner_id = s.commercial_partner_id
       LEFT JOIN counted k ON k.product_id = s.product_id
      GROUP BY 1, 2, 3),
totals AS (
     SELECT partner_id, start, jsonb_object_agg(percentage::text, amount) FILTER (WHERE percentage IS NOT NULL) AS base,
            sum(amount) AS gross
       FROM parts GROUP BY partner_id, start),
-- Customers who were merged have several lines in a period: together they are one, the first.
lines AS (
     SELECT partner_id, date_from, min(id) AS id, array_agg(id) AS ids, sum(gross) AS gross, sum(credit_amount) AS credit_amount,
            sum(posted_amount) AS posted_amount, bool_and(is_skipped IS TRUE) AS is_skipped
       FROM loyalty_period_line
      WHERE program_id = %(program)s AND (date_from = %(start)s OR NOT %(all)s)
        AND (%(partners)s::int[] IS NULL OR partner_id = ANY(%(partners)s::int[]))
      GROUP BY partner_id, date_from)
SELECT COALESCE(t.partner_id, l.partner_id) AS partner_id, COALESCE(t.start, l.date_from) AS start, t.base::text,
       COALESCE(t.gross, 0) AS gross, r.id AS period_id, l.id AS line_id, l.ids AS line_ids, x.terms,
       COALESCE(l.posted_amount, 0) AS posted, COALESCE(l.is_skipped, FALSE) AS is_skipped, b.loyalty_on_hold AS on_hold
  FROM totals t
  FULL JOIN lines l ON l.partner_id = t.partner_id AND l.date_from = t.start
  LEFT JOIN rolled r ON r.date_from = COALESCE(t.start, l.date_from)
  LEFT JOIN loyalty_period_line x ON x.id = l.id
  JOIN res_partner b ON b.id = COALESCE(t.partner_id, l.partner_id)
 WHERE (%(partners)s::int[] IS NULL OR b.id = ANY(%(partners)s::int[]))
   AND (COALESCE(t.start, l.date_from) = %(start)s AND (l.id IS NULL OR %(all)s OR l.gross <> round(COALESCE(t.gross, 0), 4)
                                                       OR l.credit_amount <> l.posted_amount)
        OR NOT %(all)s AND COALESCE(t.start, l.date_from) < %(start)s AND r.id IS NOT NULL
           AND (round(COALESCE(t.gross, 0), 4) <> COALESCE(l.gross, 0) OR l.credit_amount <> l.posted_amount))
 ORDER BY 1, 2
