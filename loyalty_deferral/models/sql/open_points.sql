-- Points that customers have on a day, by the month in which they first came to a card.
WITH lots AS (
     SELECT l.id, l.points, date_trunc('month', l.date)::date AS month
       FROM loyalty_lot l
      WHERE l.program_id = %(program)s AND l.origin_lot_id IS NULL AND l.date <= %(date)s
        AND NOT (%(taken_over)s AND EXISTS (
            SELECT 1 FROM loyalty_ledger_entry e
              JOIN loyalty_earning g ON g.res_id = e.res_id AND g.res_model = e.res_model AND g.program_id = e.program_id
             WHERE e.id = l.entry_id AND e.kind = 'earn' AND g.terms ? 'deferral'))),
used AS (
     SELECT COALESCE(l.origin_lot_id, l.id) AS lot_id, sum(c.points) AS points
       FROM loyalty_ledger_consumption c
       JOIN loyalty_lot l ON l.id = c.lot_id
       JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id
       JOIN loyalty_ledger_entry u ON u.id = c.entry_id
      WHERE l.program_id = %(program)s AND d.kind <> 'transfer'
        AND GREATEST(d.effective_date, u.effective_date) <= %(date)s
      GROUP BY 1)
SELECT o.month, (sum(o.points - COALESCE(u.points, 0)) * 10000)::bigint
  FROM lots o LEFT JOIN used u ON u.lot_id = o.id
 GROUP BY 1 HAVING sum(o.points - COALESCE(u.points, 0)) > 0 ORDER BY 1
