-- Sales whose revenue by the books is not the revenue that their earnings noted. A sale is a document with what it returns
-- and what returns it.
WITH linked AS (SELECT * FROM unnest(%(models)s::text[], %(ids)s::int[], %(sales)s::int[]) AS x (model, id, sale)),
earned AS MATERIALIZED (
     SELECT g.id, g.res_model, g.res_id, g.terms, COALESCE(k.sale, -g.id) AS sale, r.revenue, r.allocated, r.points
       FROM loyalty_earning g LEFT JOIN linked k ON k.model = g.res_model AND k.id = g.res_id
      CROSS JOIN LATERAL (
            SELECT sum(r.revenue_amount) AS revenue, sum(r.allocated) AS allocated, sum(r.points) AS points
              FROM loyalty_earning_revenue r WHERE r.earning_id = g.id AND r.date <= %(date)s) r
      WHERE g.program_id = %(program)s AND g.blocked IS NULL AND g.terms ? 'deferral' AND g.date <= %(date)s
        AND (%(only)s::int[] IS NULL OR COALESCE(k.sale, -g.id) = ANY(%(only)s::int[]))),
documents AS MATERIALIZED (
     SELECT res_model AS model, res_id AS id, sale FROM earned
      UNION
     SELECT model, id, sale FROM linked WHERE sale IN (SELECT sale FROM earned)),
-- Deposits earn, and have revenue, where a rule counts money and has no minimum.
earning_products AS (
     SELECT DISTINCT e.sale, p.key::int AS product_id
       FROM earned e CROSS JOIN LATERAL jsonb_each(e.terms -> 'products') p
      WHERE EXISTS (SELECT 1 FROM jsonb_array_elements_text(p.value) n
                     WHERE e.terms -> 'rules' -> n::int ->> 'mode' = 'money'
                       AND COALESCE((e.terms -> 'rules' -> n::int ->> 'minimum_amount')::numeric, 0) = 0)),
sold AS (
     SELECT s.sale, sum(s.amount) AS amount
       FROM (%(sources)s) s
       LEFT JOIN earning_products p ON p.sale = s.sale AND p.product_id = COALESCE(s.product_id, 0)
      WHERE (s.product_id IS NULL OR s.product_id <> ALL(%(money)s::int[])) AND (NOT s.is_deposit OR p.sale IS NOT NULL)
      GROUP BY 1),
noted AS (
     SELECT sale, min(id) AS id, count(*) AS count, COALESCE(sum(revenue), 0) AS revenue,
            COALESCE(sum(allocated), 0) AS allocated, COALESCE(sum(points), 0) AS points
       FROM earned GROUP BY 1)
SELECT n.sale, n.id, n.count, n.revenue, n.allocated::text, n.points, GREATEST(0, COALESCE(s.amount, 0)) AS books
  FROM noted n LEFT JOIN sold s ON s.sale = n.sale
 WHERE abs(n.revenue - GREATEST(0, COALESCE(s.amount, 0))) >= %(rounding)s / 2
 ORDER BY n.id
