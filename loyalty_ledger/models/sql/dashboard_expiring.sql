-- Open points whose last usable day is within 30 and within 90 days.
SELECT n.program_id, COALESCE(sum(n.remaining) FILTER (WHERE n.expiry <= %(soon)s), 0), sum(n.remaining)
  FROM (SELECT l.program_id, l.remaining, %(expiry)s AS expiry
          FROM loyalty_lot l
          JOIN loyalty_card c ON c.id = l.card_id
          JOIN loyalty_program p ON p.id = l.program_id
         WHERE l.remaining > 0 AND l.program_id = ANY(%(programs)s)) n
 WHERE n.expiry BETWEEN %(today)s AND %(later)s
 GROUP BY n.program_id
