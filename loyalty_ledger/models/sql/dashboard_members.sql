-- Open cards by program and level, those among them that were used in the last twelve months, and what all cards owe.
SELECT c.program_id, c.level_id, count(*) FILTER (WHERE o.is_open),
       count(*) FILTER (WHERE o.is_open AND c.last_use_date > %(year_ago)s), sum(c.debt_points)
  FROM loyalty_card c
 CROSS JOIN LATERAL (SELECT c.active AND c.closed IS NOT TRUE AND c.points_to_id IS NULL
                            AND (c.expiration_date IS NULL OR c.expiration_date >= %(today)s) AS is_open) o
 WHERE c.program_id = ANY(%(programs)s) AND c.ledgered
 GROUP BY c.program_id, c.level_id
