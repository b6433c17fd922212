-- Which part of their points cohorts redeemed at each age in months: of those that are at least as old.
WITH %(uses)s,
issued AS (
     SELECT month, sum(points) AS points,
            ((extract(year FROM %(date)s::date) - extract(year FROM month)) * 12
             + extract(month FROM %(date)s::date) - extract(month FROM month))::int AS age
       FROM lots WHERE kind <> 'grant' GROUP BY 1),
redeemed AS (
     SELECT ((extract(year FROM day) - extract(year FROM month)) * 12
             + extract(month FROM day) - extract(month FROM month))::int AS age, sum(points) AS points
       FROM uses WHERE what = 'redeemed' AND kind <> 'grant' GROUP BY 1)
SELECT r.age, r.points / NULLIF((SELECT sum(i.points) FROM issued i WHERE i.age >= r.age), 0)
  FROM redeemed r WHERE r.points > 0 ORDER BY 1
