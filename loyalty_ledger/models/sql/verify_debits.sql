-- Debits that the lots they took from, and what they owe, do not account for.
SELECT e.id, COALESCE(c.taken, 0) + e.unpaid_points, -e.points - COALESCE(r.points, 0)
  FROM loyalty_ledger_entry e
  LEFT JOIN (SELECT debit_entry_id, sum(points) AS taken FROM loyalty_ledger_consumption
              GROUP BY debit_entry_id) c ON c.debit_entry_id = e.id
  LEFT JOIN (SELECT reversed_entry_id, sum(points) AS points FROM loyalty_ledger_entry
              WHERE reversed_entry_id IS NOT NULL GROUP BY reversed_entry_id) r
         ON r.reversed_entry_id = e.id
 WHERE e.points < 0
   AND COALESCE(c.taken, 0) + e.unpaid_points <> -e.points - COALESCE(r.points, 0)
 ORDER BY e.id
