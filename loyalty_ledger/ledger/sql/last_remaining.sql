-- As for balances: one step of the index.
(SELECT CASE WHEN c.lot_id = %(lot)s THEN c.remaining_after END FROM loyalty_ledger_consumption c
  WHERE (c.lot_id, c.id) <= (%(lot)s, %(last)s) ORDER BY c.lot_id DESC, c.id DESC LIMIT 1)
