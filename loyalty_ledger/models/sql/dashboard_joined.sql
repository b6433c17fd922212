-- Cards by the day on which they began: their own first day, else the day on which they were made.
SELECT n.program_id, n.day, count(*)
  FROM (SELECT c.program_id,
               COALESCE(c.start_date, (c.create_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date) AS day
          FROM loyalty_card c
         WHERE c.program_id = ANY(%(programs)s) AND c.ledgered AND c.points_to_id IS NULL) n
 WHERE n.day BETWEEN %(joined_from)s AND %(today)s
 GROUP BY n.program_id, n.day
