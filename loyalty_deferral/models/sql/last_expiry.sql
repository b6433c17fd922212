-- By cohort: the last day on which points that are open now can be redeemed, NULL where some never expire.
WITH %(uses)s
SELECT o.kind, o.month, CASE WHEN bool_or(x.expiry IS NULL) THEN NULL ELSE max(x.expiry) END
  FROM loyalty_lot l
  JOIN lots o ON o.id = COALESCE(l.origin_lot_id, l.id)
  JOIN loyalty_card c ON c.id = l.card_id
  JOIN loyalty_program p ON p.id = l.program_id
 CROSS JOIN LATERAL (SELECT %(expiry)s AS expiry) x
 WHERE l.program_id = %(program)s AND l.remaining > 0
 GROUP BY 1, 2
