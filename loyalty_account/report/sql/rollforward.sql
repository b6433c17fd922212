-- Points and their value by program and month: opening, movements, closing.
WITH flow AS (
     SELECT program_id, date_trunc('month', day)::date AS month, %(columns)s,
            sum(points) AS points, sum(amount) AS amount
       FROM (%(movements)s) n GROUP BY 1, 2),
months AS (
     SELECT program_id, generate_series(min(month), GREATEST(max(month), date_trunc('month', now())),
                                        interval '1 month')::date AS month
       FROM flow GROUP BY program_id),
running AS (
     SELECT m.program_id, m.month, f.points, f.amount,
            sum(f.points) OVER w AS closing_points, sum(f.amount) OVER w AS closing_amount
       FROM months m LEFT JOIN flow f ON f.program_id = m.program_id AND f.month = m.month
     WINDOW w AS (PARTITION BY m.program_id ORDER BY m.month))
SELECT (r.program_id::bigint * 100000
        + (extract(year FROM r.month) - 1900) * 12 + extract(month FROM r.month))::bigint AS id,
       r.program_id, p.company_id, COALESCE(c.currency_id, p.currency_id) AS currency_id, r.month,
       COALESCE(r.closing_points, 0) - COALESCE(r.points, 0) AS opening_points,
       COALESCE(r.closing_points, 0) AS closing_points,
       COALESCE(r.closing_amount, 0) - COALESCE(r.amount, 0) AS opening_amount,
       COALESCE(r.closing_amount, 0) AS closing_amount, %(shown)s
  FROM running r
  JOIN loyalty_program p ON p.id = r.program_id AND (p.program_type = 'loyalty' OR p.accounting_policy = 'stored_value')
  LEFT JOIN res_company c ON c.id = p.company_id
  LEFT JOIN flow f ON f.program_id = r.program_id AND f.month = r.month
