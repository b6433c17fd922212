-- What is known of each cohort on a day: what documents allocated, and where the points are by then.
WITH documents AS (
     SELECT month, 'sale' AS kind, sum(revenue_amount) AS revenue, sum(allocated) AS allocated,
            COALESCE(sum(allocated) FILTER (WHERE is_return), 0) AS returned, sum(points - posted_points) AS pending
       FROM loyalty_earning_revenue WHERE program_id = %(program)s AND date <= %(date)s GROUP BY 1),
-- Where points first came to a card; whatever lot they are in by now, they belong to the cohort of this one.
lots AS (
     SELECT l.id, l.entry_id, l.points, x.kind = 'transition' AS is_old, x.kind,
            date_trunc('month', CASE WHEN x.kind = 'sale' THEN g.date ELSE l.date END)::date AS month
       FROM loyalty_lot l
       JOIN loyalty_ledger_entry e ON e.id = l.entry_id
       LEFT JOIN loyalty_earning g ON e.kind = 'earn' AND g.res_id = e.res_id AND g.res_model = e.res_model
                                  AND g.program_id = e.program_id AND g.terms ? 'deferral'
      CROSS JOIN LATERAL (SELECT CASE WHEN g.id IS NOT NULL THEN 'sale' WHEN l.date < %(begin)s::date THEN 'transition'
                                      ELSE 'grant' END AS kind) x
      WHERE l.program_id = %(program)s AND l.origin_lot_id IS NULL AND l.date <= %(date)s),
uses AS (
     SELECT o.kind, o.month, c.points, CASE
              -- What was used before the program began to defer was never part of the cohort.
              WHEN o.is_old AND LEAST(d.effective_date, u.effective_date) < %(begin)s::date THEN 'less'
              WHEN d.kind = 'reversal' AND d.reversed_entry_id = o.entry_id THEN 'less'
              -- Points that settle what a return could not take pay for points that were spent before.
              WHEN d.is_redemption OR d.kind IN ('redeem', 'external', 'reversal') THEN 'redeemed'
              ELSE 'lapsed' END AS what
       FROM loyalty_ledger_consumption c
       JOIN loyalty_lot l ON l.id = c.lot_id
       JOIN lots o ON o.id = COALESCE(l.origin_lot_id, l.id)
       JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id
       JOIN loyalty_ledger_entry u ON u.id = c.entry_id
      WHERE d.kind <> 'transfer' AND GREATEST(d.effective_date, u.effective_date) <= %(date)s),
points AS (
     SELECT kind, month, sum(points) AS issued, 0 AS redeemed, 0 AS lapsed FROM lots GROUP BY 1, 2
      UNION ALL
     SELECT kind, month, -COALESCE(sum(points) FILTER (WHERE what = 'less'), 0),
            COALESCE(sum(points) FILTER (WHERE what = 'redeemed'), 0),
            COALESCE(sum(points) FILTER (WHERE what = 'lapsed'), 0)
       FROM uses GROUP BY 1, 2),
cohorts AS (
     SELECT kind, month, sum(issued) AS issued, sum(redeemed) AS redeemed, sum(lapsed) AS lapsed
       FROM points GROUP BY 1, 2)
SELECT COALESCE(c.kind, d.kind) AS kind, COALESCE(c.month, d.month) AS month, COALESCE(d.revenue, 0) AS revenue,
       COALESCE(d.allocated, 0)::text AS allocated, COALESCE(d.returned, 0)::text AS returned,
       ((COALESCE(c.issued, 0) + COALESCE(d.pending, 0)) * 10000)::bigint AS issued,
       (COALESCE(c.redeemed, 0) * 10000)::bigint AS redeemed, (COALESCE(c.lapsed, 0) * 10000)::bigint AS lapsed
  FROM cohorts c FULL JOIN documents d ON d.kind = c.kind AND d.month = c.month
 ORDER BY 2, 1
