-- Found in one step of the index, whatever the statistics said when the plan was made: comparing rows leaves no other
-- index, and the functions run without sequential scans.
(SELECT CASE WHEN e.card_id = %(card)s THEN e.balance_after END FROM loyalty_ledger_entry e
  WHERE (e.card_id, e.id + 0) <= (%(card)s, %(entry)s) ORDER BY e.card_id DESC, e.id + 0 DESC LIMIT 1)
