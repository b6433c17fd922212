-- Lots with a first day that no transaction gave them.
SELECT l.id, l.available_from, e.available_from FROM loyalty_lot l
  JOIN loyalty_ledger_entry e ON e.id = l.entry_id
  LEFT JOIN loyalty_lot o ON o.id = l.origin_lot_id
 WHERE l.available_from IS DISTINCT FROM e.available_from
   AND (o.id IS NULL OR l.available_from IS DISTINCT FROM o.available_from) ORDER BY l.id
