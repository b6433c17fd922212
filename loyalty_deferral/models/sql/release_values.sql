-- What each lot carries is taken off the books by the entry of a transition.
INSERT INTO loyalty_valuation (program_id, company_id, lot_id, run_id, move_id, account_id, date, effective_date, kind, amount,
                               points)
SELECT v.program_id, v.company_id, v.lot_id, %(run)s, %(move)s, %(account)s, %(date)s, %(date)s, 'adjust', -sum(v.amount), 0
  FROM loyalty_valuation v WHERE v.program_id = %(program)s
 GROUP BY v.program_id, v.company_id, v.lot_id HAVING sum(v.amount) <> 0 ORDER BY v.lot_id
