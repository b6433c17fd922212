-- Transactions of a program up to a day, and its lots and debts rolled back to that day.
WITH late AS MATERIALIZED (
     SELECT id, reversed_entry_id, points FROM loyalty_ledger_entry
      WHERE program_id = %(program)s AND effective_date > %(date)s),
moved AS MATERIALIZED (
     SELECT c.points, c.moved_to_lot_id, l.date <= %(date)s AS old_lot,
            c.debit_entry_id IN (SELECT id FROM late) AS late_debit,
            c.entry_id IN (SELECT id FROM late) AS late_cause
       FROM (SELECT id FROM loyalty_ledger_consumption
              WHERE debit_entry_id IN (SELECT id FROM late UNION
                    SELECT reversed_entry_id FROM late WHERE reversed_entry_id IS NOT NULL)
              UNION
             SELECT p.id FROM loyalty_lot n JOIN loyalty_ledger_consumption p ON p.lot_id = n.id
              WHERE n.entry_id IN (SELECT id FROM late)) r
       JOIN loyalty_ledger_consumption c ON c.id = r.id JOIN loyalty_lot l ON l.id = c.lot_id)
SELECT (SELECT COALESCE(sum(points), 0) FROM loyalty_ledger_entry
         WHERE program_id = %(program)s AND effective_date <= %(date)s),
       (SELECT COALESCE(sum(remaining), 0) FROM loyalty_lot
         WHERE program_id = %(program)s AND date <= %(date)s)
       + (SELECT COALESCE(sum(points), 0) FROM moved
           WHERE old_lot AND moved_to_lot_id IS NULL AND (late_debit OR late_cause)),
       (SELECT COALESCE(sum(unpaid_points), 0) FROM loyalty_ledger_entry
         WHERE program_id = %(program)s AND effective_date <= %(date)s)
       + (SELECT COALESCE(sum(points), 0) FROM moved WHERE late_cause AND NOT late_debit)
       -- Documents of the past that took points of later lots: that day they took more than there was.
       + (SELECT COALESCE(sum(points), 0) FROM moved
           WHERE NOT old_lot AND NOT late_debit AND NOT late_cause)
       + (SELECT COALESCE(sum(r.points), 0) FROM late r JOIN loyalty_ledger_entry d
                 ON d.id = r.reversed_entry_id AND d.points < 0 AND d.effective_date <= %(date)s)
