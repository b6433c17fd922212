-- What is known of each cohort on a day: what documents allocated, and where the points are by then.
WITH documents AS (
     SELECT month, 'sale' AS kind, sum(revenue_amount) AS revenue, sum(allocated) AS allocated,
            COALESCE(sum(allocated) FILTER (WHERE is_return), 0) AS returned, sum(points - posted_points) AS pending
       FROM loyalty_earning_revenue WHERE program_id = %(program)s AND date <= %(date)s GROUP BY 1),
%(uses)s,
points AS (
     SELECT kind, month, sum(points) AS issued, 0 AS taken_back, 0 AS restored, 0 AS redeemed, 0 AS lapsed
       FROM lots GROUP BY 1, 2
      UNION ALL
     SELECT kind, month, -COALESCE(sum(points) FILTER (WHERE what IN ('less', 'before', 'restored')), 0),
            COALESCE(sum(points) FILTER (WHERE what = 'less'), 0),
            -COALESCE(sum(points) FILTER (WHERE what = 'restored'), 0),
            COALESCE(sum(points) FILTER (WHERE what = 'redeemed'), 0),
            COALESCE(sum(points) FILTER (WHERE what = 'lapsed'), 0)
       FROM uses GROUP BY 1, 2),
cohorts AS (
     SELECT kind, month, sum(issued) AS issued, sum(taken_back) AS taken_back, sum(restored) AS restored,
            sum(redeemed) AS redeemed, sum(lapsed) AS lapsed
       FROM points GROUP BY 1, 2)
SELECT COALESCE(c.kind, d.kind) AS kind, COALESCE(c.month, d.month) AS month, COALESCE(d.revenue, 0) AS revenue,
       COALESCE(d.allocated, 0)::text AS allocated, COALESCE(d.returned, 0)::text AS returned,
       ((COALESCE(c.issued, 0) + COALESCE(d.pending, 0)) * 10000)::bigint AS issued,
       (COALESCE(c.taken_back, 0) * 10000)::bigint AS taken_back, (COALESCE(c.restored, 0) * 10000)::bigint AS restored,
       (COALESCE(c.redeemed, 0) * 10000)::bigint AS redeemed, (COALESCE(c.lapsed, 0) * 10000)::bigint AS lapsed
  FROM cohorts c FULL JOIN documents d ON d.kind = c.kind AND d.month = c.month
 ORDER BY 2, 1
