-- The customers with the most points ever earned, by program; all their cards together.
SELECT n.program_id, n.partner_id, n.points
  FROM (SELECT c.program_id, c.partner_id, sum(c.lifetime_points) AS points,
               row_number() OVER (PARTITION BY c.program_id ORDER BY sum(c.lifetime_points) DESC, c.partner_id) AS place
          FROM loyalty_card c
         WHERE c.program_id = ANY(%(programs)s) AND c.ledgered AND c.partner_id IS NOT NULL AND c.lifetime_points > 0
         GROUP BY c.program_id, c.partner_id) n
 WHERE n.place <= %(best)s
 ORDER BY n.program_id, n.place
