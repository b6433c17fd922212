-- Lots that do not hold what their consumptions left.
SELECT l.id, l.remaining, l.points - COALESCE(c.taken, 0)
  FROM loyalty_lot l
  LEFT JOIN (SELECT lot_id, sum(points) FILTER (WHERE moved_to_lot_id IS NULL) AS taken
               FROM loyalty_ledger_consumption GROUP BY lot_id) c ON c.lot_id = l.id
 WHERE l.remaining IS DISTINCT FROM l.points - COALESCE(c.taken, 0) ORDER BY l.id
