-- Cards that do not show what their transactions make.
SELECT c.id, concat_ws(' / ', c.points, c.accumulated_points, c.redeemed_points, c.lifetime_points,
                       c.debt_points),
       concat_ws(' / ', COALESCE(e.points, 0), COALESCE(e.points + e.redeemed, 0),
                 COALESCE(e.redeemed, 0), COALESCE(e.lifetime, 0), COALESCE(e.unpaid, 0))
  FROM loyalty_card c
  LEFT JOIN (SELECT card_id, sum(points) AS points, sum(level_points) AS lifetime,
                    sum(unpaid_points) AS unpaid,
                    COALESCE(-sum(points) FILTER (WHERE is_redemption), 0) AS redeemed
               FROM loyalty_ledger_entry GROUP BY card_id) e ON e.card_id = c.id
 WHERE c.ledgered
   AND (COALESCE(c.points, 0) <> COALESCE(e.points, 0)
        OR COALESCE(c.redeemed_points, 0) <> COALESCE(e.redeemed, 0)
        OR COALESCE(c.accumulated_points, 0) <> COALESCE(e.points + e.redeemed, 0)
        OR COALESCE(c.lifetime_points, 0) <> COALESCE(e.lifetime, 0)
        OR COALESCE(c.debt_points, 0) <> COALESCE(e.unpaid, 0))
 ORDER BY c.id
