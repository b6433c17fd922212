-- CTEs lots and uses: the lots in which points came to cards, by cohort, and what was used of them until a day.
-- Where points first came to a card; whatever lot they are in by now, they belong to the cohort of this one. What came after
-- the transition entry, though dated before it, was not taken over.
lots AS (
     SELECT l.id, l.entry_id, l.points, x.kind = 'transition' AS is_old, x.kind,
            date_trunc('month', CASE WHEN x.kind = 'sale' THEN g.date ELSE l.date END)::date AS month
       FROM loyalty_lot l
       JOIN loyalty_ledger_entry e ON e.id = l.entry_id
       LEFT JOIN loyalty_earning g ON e.kind = 'earn' AND g.res_id = e.res_id AND g.res_model = e.res_model
                                  AND g.program_id = e.program_id AND g.terms ? 'deferral'
      CROSS JOIN LATERAL (
            SELECT CASE WHEN g.id IS NOT NULL THEN 'sale'
                        WHEN l.date < %(begin)s::date AND l.entry_id <= %(taken_over)s THEN 'transition'
                        ELSE 'grant' END AS kind) x
      WHERE l.program_id = %(program)s AND l.origin_lot_id IS NULL AND l.date <= %(date)s),
uses AS (
     SELECT o.kind, o.month, GREATEST(d.effective_date, u.effective_date) AS day, c.points, CASE
              -- What was used before the program began to defer was never part of the cohort, unless it is given back since.
              WHEN o.is_old AND d.effective_date < %(begin)s::date AND d.id <= %(taken_over)s
              THEN CASE WHEN u.effective_date < %(begin)s::date AND u.id <= %(taken_over)s THEN 'before' ELSE 'restored' END
              WHEN d.kind = 'reversal' AND d.reversed_entry_id = o.entry_id THEN 'less'
              -- Points that settle what a return could not take pay for points that were spent before.
              WHEN d.is_redemption OR d.kind IN ('redeem', 'external', 'reversal') THEN 'redeemed'
              ELSE 'lapsed' END AS what
       FROM loyalty_ledger_consumption c
       JOIN loyalty_lot l ON l.id = c.lot_id
       JOIN lots o ON o.id = COALESCE(l.origin_lot_id, l.id)
       JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id
       JOIN loyalty_ledger_entry u ON u.id = c.entry_id
      WHERE d.kind <> 'transfer' AND GREATEST(d.effective_date, u.effective_date) <= %(date)s)
