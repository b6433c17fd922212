-- Rows program_id, day, name, points, amount, entry_id: what transactions moved, what value lines moved, and what points were
-- worth that were used before any accrual run had valued them (rounded cumulatively, so that any period foots).
SELECT e.program_id, e.effective_date AS day, %(points)s AS name, e.points, 0 AS amount, e.id AS entry_id
  FROM loyalty_ledger_entry e WHERE e.points <> 0 %(entries)s
 UNION ALL
SELECT v.program_id, v.date, %(value)s, 0, v.amount, v.entry_id FROM loyalty_valuation v WHERE v.amount <> 0 %(values)s
 UNION ALL
SELECT g.program_id, g.day, side.name, 0, side.sign * g.amount, g.entry_id
  FROM (SELECT w.program_id, w.day, w.name, w.counterpart, w.entry_id,
               round(sum(w.exact) OVER uses / w.rounding) * w.rounding
               - round((sum(w.exact) OVER uses - w.exact) / w.rounding) * w.rounding AS amount
          FROM (SELECT u.program_id, u.effective_date AS day, c.id, u.id AS entry_id, m.rounding::numeric AS rounding,
                       CASE WHEN c.points > 0 AND u.id <> d.id THEN 'redeemed' ELSE %(cause)s END AS name,
                       -- What a later run valued comes back to it as a correction, which this cancels.
                       CASE WHEN c.points < 0 AND EXISTS (
                                 SELECT 1 FROM loyalty_valuation v
                                  WHERE v.lot_id = COALESCE(c.moved_to_lot_id, c.lot_id)
                                    AND v.effective_date <= u.effective_date)
                            THEN 'adjusted' ELSE 'issued' END AS counterpart,
                       c.points * t.point_value::numeric
                       * CASE WHEN p.vat_mode IN %(relief)s THEN 100 / (100 + COALESCE(t.vat_rate, 0)::numeric)
                              WHEN p.vat_mode = %(own_rates)s THEN 1 - COALESCE((
                                   SELECT sale.relief FROM (SELECT l.id, l.origin_lot_id) l %(sale_of_lot)s), 0)
                              ELSE 1 END AS exact
                  FROM loyalty_ledger_consumption c
                  JOIN loyalty_ledger_entry u ON u.id = c.entry_id
                  JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id
                  JOIN loyalty_lot l ON l.id = c.lot_id
                  JOIN loyalty_ledger_entry o ON o.id = l.entry_id
                  JOIN loyalty_program p ON p.id = u.program_id
                  JOIN res_company k ON k.id = p.company_id
                  JOIN res_currency m ON m.id = k.currency_id
                 CROSS JOIN LATERAL (
                       SELECT x.point_value, x.vat_rate FROM loyalty_point_value x
                        WHERE x.program_id = p.id AND x.date <= d.effective_date ORDER BY x.date DESC LIMIT 1) t
                 WHERE p.accounting_policy IN %(policies)s AND d.kind <> 'transfer' AND o.kind <> 'opening' %(uses)s
                   AND NOT EXISTS (SELECT 1 FROM loyalty_valuation v
                                    WHERE v.lot_id = c.lot_id AND v.effective_date <= d.effective_date)) w
        WINDOW uses AS (PARTITION BY w.program_id ORDER BY w.id ROWS UNBOUNDED PRECEDING)) g
 CROSS JOIN LATERAL (VALUES (g.name, -1), (g.counterpart, 1)) side (name, sign)
 WHERE g.amount <> 0 AND g.name <> g.counterpart
