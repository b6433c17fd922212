-- What documents of each month brought, and in which month their points were redeemed: whatever lot they are in by now.
WITH lots AS MATERIALIZED (
     SELECT l.id, l.entry_id, l.points, date_trunc('month', COALESCE(g.date, l.date))::date AS month
       FROM loyalty_lot l
       JOIN loyalty_ledger_entry e ON e.id = l.entry_id AND e.kind IN ('earn', 'external')
       LEFT JOIN loyalty_earning g ON g.res_id = e.res_id AND g.res_model = e.res_model AND g.program_id = e.program_id
      WHERE l.program_id = %(program)s AND l.origin_lot_id IS NULL AND l.date <= %(date)s),
uses AS (
     SELECT o.month, c.points, GREATEST(d.effective_date, u.effective_date) AS day,
            d.kind = 'reversal' AND d.reversed_entry_id = o.entry_id AS is_return,
            d.is_redemption OR d.kind IN ('redeem', 'external', 'reversal') AS is_use
       FROM loyalty_ledger_consumption c
       JOIN loyalty_lot l ON l.id = c.lot_id
       JOIN lots o ON o.id = COALESCE(l.origin_lot_id, l.id)
       JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id
       JOIN loyalty_ledger_entry u ON u.id = c.entry_id
      WHERE d.kind <> 'transfer' AND GREATEST(d.effective_date, u.effective_date) <= %(date)s),
-- What returns took back was never issued; age NULL.
rows AS (
     SELECT month, NULL::int AS age, points AS issued, 0 AS redeemed, 0 AS lapsed FROM lots
      UNION ALL
     SELECT month, CASE WHEN is_return THEN NULL ELSE GREATEST(0,
                   (extract(year FROM day) - extract(year FROM month)) * 12 + extract(month FROM day) - extract(month FROM month))
                   END::int,
            CASE WHEN is_return THEN -points ELSE 0 END, CASE WHEN is_use AND NOT is_return THEN points ELSE 0 END,
            CASE WHEN is_use OR is_return THEN 0 ELSE points END
       FROM uses)
SELECT month, age, sum(issued)::float8, sum(redeemed)::float8, sum(lapsed)::float8 FROM rows GROUP BY 1, 2 ORDER BY 1, 2
