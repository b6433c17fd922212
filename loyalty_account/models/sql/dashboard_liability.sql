-- What the liability of each program changed by in each month (what is older in one row).
SELECT r.program_id, CASE WHEN r.date >= %(first)s THEN date_trunc('month', r.date)::date END AS month, sum(r.amount)
  FROM (%(rows)s) r
 WHERE r.program_id = ANY(%(programs)s)
 GROUP BY 1, 2
