-- Points by program, movement and month (what is older in one row): all of them, and those of the shop; with what belongs
-- to the period and to the same days of the year before.
SELECT r.program_id, r.movement, CASE WHEN r.date >= %(first)s THEN date_trunc('month', r.date)::date END AS month,
       sum(r.points), sum(r.points) FILTER (WHERE %(shop)s),
       sum(r.points) FILTER (WHERE %(shop)s AND r.date BETWEEN %(date_from)s AND %(date_to)s),
       sum(r.points) FILTER (WHERE %(shop)s AND r.date BETWEEN %(before_from)s AND %(before_to)s),
       sum(r.points) FILTER (WHERE %(shop)s AND r.date >= %(year_ago)s)
  FROM (%(rows)s) r
 WHERE r.program_id = ANY(%(programs)s)
 GROUP BY 1, 2, 3
