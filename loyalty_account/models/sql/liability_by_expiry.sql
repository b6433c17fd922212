-- What open lots carried on a day, by the month in which they expire as it was known that day.
WITH %(lots)s
SELECT date_trunc('month', expiry)::date, expiry IS NULL OR expiry <= %(year)s,
       sum(remaining), sum(amount)
  FROM dated GROUP BY 1, 2 HAVING sum(remaining) <> 0 OR sum(amount) <> 0 ORDER BY 1 NULLS LAST, 2 DESC
