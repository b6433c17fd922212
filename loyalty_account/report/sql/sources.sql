-- Points and their value by the document behind them, shared by its analytic accounts of one plan. What a document does
-- not assign stays without an account, and takes the cents that are left: totals are those of the plain report.
WITH rows AS MATERIALIZED (%(rows)s),
named AS MATERIALIZED (
     SELECT r.*, %(document_model)s AS model, %(document_id)s AS document_id
       FROM rows r LEFT JOIN loyalty_ledger_entry e ON e.id = r.entry_id
       %(joins)s),
lines AS (%(lines)s),
wanted AS (
     SELECT n.model, n.document_id, l.line_id, abs(l.weight)::numeric AS weight, l.distribution
       FROM (SELECT DISTINCT model, document_id FROM named) n
       JOIN lines l ON l.model = n.model AND l.document_id = n.document_id),
whole AS (SELECT model, document_id, sum(weight) AS weight FROM wanted GROUP BY 1, 2),
mixed AS (
     SELECT w.model, w.document_id, a.id AS account_id, sum(w.weight * d.value::numeric / 100) AS weight
       FROM wanted w
      CROSS JOIN LATERAL jsonb_each_text(w.distribution) d
      CROSS JOIN LATERAL unnest(string_to_array(d.key, ',')) k
       JOIN account_analytic_account a ON a.id = k::int AND a.root_plan_id = %(plan)s
      GROUP BY 1, 2, 3),
shares AS (
     SELECT m.model, m.document_id, m.account_id,
            sum(m.weight) OVER upward / GREATEST(sum(m.weight) OVER (PARTITION BY m.model, m.document_id), h.weight) AS until,
            (sum(m.weight) OVER upward - m.weight)
            / GREATEST(sum(m.weight) OVER (PARTITION BY m.model, m.document_id), h.weight) AS since,
            sum(m.weight) OVER (PARTITION BY m.model, m.document_id) >= h.weight
            AND m.account_id = max(m.account_id) OVER (PARTITION BY m.model, m.document_id) AS is_last
       FROM mixed m JOIN whole h ON h.model = m.model AND h.document_id = m.document_id AND h.weight > 0
     WINDOW upward AS (PARTITION BY m.model, m.document_id ORDER BY m.account_id ROWS UNBOUNDED PRECEDING)),
parts AS (
     SELECT model, document_id, account_id, since, CASE WHEN is_last THEN 1 ELSE until END AS until FROM shares
      UNION ALL
     SELECT model, document_id, NULL, max(until), 1 FROM shares
      GROUP BY 1, 2 HAVING NOT bool_or(is_last)),
shared AS (
     SELECT n.*, p.account_id, COALESCE(p.since, 0) AS since, COALESCE(p.until, 1) AS until
       FROM named n LEFT JOIN parts p ON p.model = n.model AND p.document_id = n.document_id)
SELECT row_number() OVER (ORDER BY s.program_id, s.lot_id, s.entry_id, s.number, s.account_id) AS id,
       s.program_id, p.company_id, c.currency_id, s.lot_id, s.entry_id, s.day AS date,
       s.model AS res_model, s.document_id AS res_id, s.account_id AS analytic_account_id,
       round(s.points * s.until, 4) - round(s.points * s.since, 4) AS points,
       round(s.amount * s.until / m.rounding::numeric) * m.rounding::numeric
       - round(s.amount * s.since / m.rounding::numeric) * m.rounding::numeric AS amount %(shown)s
  FROM shared s
  JOIN loyalty_program p ON p.id = s.program_id
  JOIN res_company c ON c.id = p.company_id
  JOIN res_currency m ON m.id = c.currency_id
