-- Medians of free ranges, from the entities themselves.
WITH listed AS (
    SELECT a.place, list(s.numerator ORDER BY s.numerator) FILTER (s.numerator IS NOT NULL) AS sorted,
           count(s.numerator) AS n, count(*) AS entities
    FROM asked a JOIN scoped_measurement s
      ON s.metric = a.metric AND s.scope_type = a.scope_type AND s.scope_id = a.scope_id
     AND s.day BETWEEN a.first AND a.last
    WHERE a.kind = 'median' AND a.grain IS NULL
    GROUP BY a.place
)
SELECT place, value_of('median', NULL, NULL, sorted) AS value, list_aggregate(sorted, 'quantile_cont', 0.9) AS p90,
       median_bound(sorted, -1) AS low, median_bound(sorted, 1) AS high, NULL AS lower, NULL AS upper, n, entities
FROM listed
