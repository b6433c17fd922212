-- Lots with a last day that no transaction gave them.
SELECT l.id, l.expiration_date, x.expiration_date FROM loyalty_lot l
  JOIN loyalty_ledger_entry x ON x.id = COALESCE(l.expiry_entry_id, l.entry_id)
  LEFT JOIN loyalty_lot o ON o.id = l.origin_lot_id
 WHERE l.expiration_date IS DISTINCT FROM x.expiration_date
   AND (l.expiry_entry_id IS NOT NULL OR o.id IS NULL
        OR l.expiration_date IS DISTINCT FROM o.expiration_date) ORDER BY l.id
