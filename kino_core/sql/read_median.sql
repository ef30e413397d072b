-- Medians of free ranges, from the entities themselves.
SELECT a.place, median(s.numerator) AS value, NULL AS lower, NULL AS upper, count(s.numerator) AS n, count(*) AS entities
FROM asked a JOIN scoped_measurement s
  ON s.metric = a.metric AND s.scope_type = a.scope_type AND s.scope_id = a.scope_id
 AND s.day BETWEEN a.first AND a.last
WHERE a.kind = 'median' AND a.grain IS NULL
GROUP BY a.place
