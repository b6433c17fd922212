-- How many points of which documents came from sales with which taxes: points times the part of the sale's gross that the tax is.
WITH used AS MATERIALIZED (
     SELECT e.res_model AS model, e.res_id AS id, d.res_model AS origin_model, d.res_id AS origin_id,
            COALESCE(l.origin_lot_id, l.id) AS root_id, d.id AS debit_id, sum(c.points) AS points
       FROM loyalty_ledger_consumption c
       JOIN loyalty_ledger_entry e ON e.id = c.entry_id
       JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id AND d.kind = 'redeem' AND d.program_id = %(program)s
       JOIN loyalty_lot l ON l.id = c.lot_id
      WHERE (e.res_model, e.res_id) IN (SELECT * FROM unnest(%(models)s::text[], %(ids)s::int[]))
        -- What credits paid later of points that were owed has no part in it.
        AND (c.entry_id = c.debit_entry_id OR c.points < 0)
      GROUP BY 1, 2, 3, 4, 5, 6),
earnings AS MATERIALIZED (
     SELECT DISTINCT u.root_id, g.id, g.tax_sets,
            CASE jsonb_typeof(g.earlier_tax_sets) WHEN 'array' THEN g.earlier_tax_sets END AS earlier FROM used u
       JOIN loyalty_lot r ON r.id = u.root_id
       JOIN loyalty_ledger_entry o ON o.id = r.entry_id AND o.kind = 'earn'
       JOIN loyalty_earning g ON g.res_model = o.res_model AND g.res_id = o.res_id AND g.program_id = o.program_id
      WHERE g.tax_sets IS NOT NULL AND jsonb_typeof(g.tax_sets) = 'array'),
sales AS (
     SELECT root_id, COALESCE((earlier -> -1 ->> 'until')::bigint, 0) AS since, NULL::bigint AS until, tax_sets
       FROM earnings UNION ALL
     -- A document that was changed: what was redeemed until then has the rates of then.
     SELECT e.root_id, (x ->> 'since')::bigint, (x ->> 'until')::bigint, x -> 'sets'
       FROM earnings e CROSS JOIN LATERAL jsonb_array_elements(e.earlier) x),
parts AS MATERIALIZED (
     SELECT s.root_id, s.since, s.until, (p ->> 0)::int AS tax_id,
            sum(GREATEST((t ->> 'gross')::numeric, 0) * split_part(p ->> 2, '/', 1)::numeric
                / COALESCE(NULLIF(split_part(p ->> 2, '/', 2), '')::numeric, 1)) / NULLIF(w.gross, 0) AS part
       FROM sales s
      CROSS JOIN LATERAL (SELECT sum(GREATEST((x ->> 'gross')::numeric, 0)) AS gross
                            FROM jsonb_array_elements(s.tax_sets) x) w
      CROSS JOIN LATERAL jsonb_array_elements(s.tax_sets) t
      CROSS JOIN LATERAL jsonb_array_elements(t -> 'parts') p
      GROUP BY s.root_id, s.since, s.until, 4, w.gross)
SELECT u.model, u.id, u.origin_model, u.origin_id, p.tax_id, sum(u.points * p.part)
  FROM used u
  JOIN parts p ON p.root_id = u.root_id AND u.debit_id > p.since AND (p.until IS NULL OR u.debit_id <= p.until)
 WHERE p.part IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5
