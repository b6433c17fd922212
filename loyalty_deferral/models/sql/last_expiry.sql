-- By cohort: the last day on which points that were open on a day can be redeemed, NULL where some never expire.
WITH %(uses)s,
%(expiry)s
SELECT o.kind, o.month, CASE WHEN bool_or(x.expiry IS NULL) THEN NULL ELSE max(x.expiry) END
  FROM dated x JOIN lots o ON o.id = COALESCE(x.origin_lot_id, x.id)
 WHERE x.remaining > 0
 GROUP BY 1, 2
