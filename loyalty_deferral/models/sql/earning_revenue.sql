-- What earnings say now, less what their rows make together.
INSERT INTO loyalty_earning_revenue (earning_id, program_id, month, date, is_return, revenue_amount, points, posted_points,
                                     allocated)
SELECT n.earning_id, n.program_id, n.month, n.date, n.is_return, n.revenue - s.revenue, n.points - s.points,
       n.posted - s.posted, n.allocated - s.allocated
  FROM unnest(%(earnings)s::int[], %(programs)s::int[], %(months)s::date[], %(dates)s::date[], %(returns)s::bool[],
              %(revenues)s::numeric[], %(points)s::numeric[], %(posted)s::numeric[], %(allocated)s::numeric[])
       n (earning_id, program_id, month, date, is_return, revenue, points, posted, allocated)
 CROSS JOIN LATERAL (
       SELECT COALESCE(sum(r.revenue_amount), 0) AS revenue, COALESCE(sum(r.points), 0) AS points,
              COALESCE(sum(r.posted_points), 0) AS posted, COALESCE(sum(r.allocated), 0) AS allocated
         FROM loyalty_earning_revenue r WHERE r.earning_id = n.earning_id) s
 WHERE (n.revenue, n.points, n.posted, n.allocated) IS DISTINCT FROM (s.revenue, s.points, s.posted, s.allocated)
