-- Lines of the sales that counted, by customer: those of the period that brought the customer's credits.
WITH sales AS (%(sales)s),
wanted AS (SELECT * FROM unnest(%(partners)s::int[], %(starts)s::date[]) AS w (partner_id, start)),
counted AS (%(counted)s),
frozen AS MATERIALIZED (
     SELECT r.date_from AS start, e.key::int AS product_id, e.value::numeric AS percentage
       FROM loyalty_period r CROSS JOIN LATERAL jsonb_each_text(r.marks -> 'products') e WHERE r.program_id = %(program)s)
SELECT s.commercial_partner_id, s.model, array_agg(s.line_id ORDER BY s.line_id)
  FROM sales s
  JOIN wanted w ON w.partner_id = s.commercial_partner_id AND w.start = date_trunc(%(unit)s, s.of_day)::date
  LEFT JOIN frozen f ON f.start = w.start AND f.product_id = COALESCE(s.product_id, 0)
  LEFT JOIN counted k ON k.product_id = COALESCE(s.product_id, 0)
 WHERE CASE WHEN f.product_id IS NULL THEN k.percentage ELSE f.percentage END IS NOT NULL
 GROUP BY s.commercial_partner_id, s.model ORDER BY 1, 2
