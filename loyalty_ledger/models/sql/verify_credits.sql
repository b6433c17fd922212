-- Credits that their lots, and the lots that they gave points back to, do not account for.
SELECT e.id, COALESCE(l.points, 0) + COALESCE(r.back, 0) + COALESCE(d.paid, 0), e.points
  FROM loyalty_ledger_entry e
  LEFT JOIN (SELECT entry_id, sum(points) AS points FROM loyalty_lot GROUP BY entry_id) l
         ON l.entry_id = e.id
  LEFT JOIN (SELECT entry_id, -sum(points) FILTER (WHERE points < 0 AND moved_to_lot_id IS NULL)
                    AS back FROM loyalty_ledger_consumption GROUP BY entry_id) r
         ON r.entry_id = e.id
  LEFT JOIN LATERAL (SELECT e.points - COALESCE(l.points, 0) - COALESCE(r.back, 0) AS paid
                      WHERE e.kind = 'reversal') d ON TRUE
 WHERE e.points > 0
   AND (COALESCE(l.points, 0) + COALESCE(r.back, 0) + COALESCE(d.paid, 0) <> e.points
        OR COALESCE(d.paid, 0) < 0)
 ORDER BY e.id
