-- Documents whose part for the points is not S x p / (S + p), calculated again from what they froze, or whose own figures are
-- not the sum of their changes.
WITH figures AS (
     SELECT g.id, g.revenue_amount::numeric AS own_revenue, g.earnable_points::numeric AS own_points,
            g.redemption_rate::numeric AS own_rate, (g.terms #>> '{deferral,2}')::numeric AS rate,
            COALESCE(sum(r.revenue_amount), 0) AS revenue, COALESCE(sum(r.points), 0) AS points,
            COALESCE(sum(r.allocated), 0) AS allocated,
            COALESCE(sum(r.points), 0) * (g.terms #>> '{deferral,0}')::numeric / (g.terms #>> '{deferral,1}')::numeric
            * (g.terms #>> '{deferral,2}')::numeric / 100 AS price
       FROM loyalty_earning g LEFT JOIN loyalty_earning_revenue r ON r.earning_id = g.id
      WHERE g.program_id = %(program)s AND g.terms ? 'deferral' AND g.date <= %(date)s
      GROUP BY g.id),
expected AS (
     SELECT *, CASE WHEN revenue > 0 AND price > 0 THEN revenue * price / (revenue + price) ELSE 0 END AS amount,
            round(own_revenue, 6) <> round(revenue, 6) OR round(own_points, 4) <> round(points, 4) AS is_other,
            round(own_rate, 4) <> round(rate, 4) AS is_other_rate
       FROM figures)
SELECT id, amount, allocated, is_other, is_other_rate, own_revenue, revenue FROM expected
 WHERE abs(amount - allocated) > 0.000001 OR is_other OR is_other_rate ORDER BY id
