-- Cards whose balance is not what their lots hold less what they owe.
SELECT c.id, c.points, COALESCE(l.open, 0) - COALESCE(c.debt_points, 0)
  FROM loyalty_card c
  LEFT JOIN (SELECT card_id, sum(remaining) AS open FROM loyalty_lot GROUP BY card_id) l
         ON l.card_id = c.id
 WHERE c.ledgered
   AND COALESCE(c.points, 0) <> COALESCE(l.open, 0) - COALESCE(c.debt_points, 0) ORDER BY c.id
