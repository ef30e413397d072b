-- Weeks, months, quarters and years of medians: from the entities, because medians do not add up.
INSERT INTO fresh_value BY NAME
WITH placed AS (
    SELECT s.*, g.grain, date_trunc(g.grain, s.day)::DATE AS period_start
    FROM scoped_measurement s, (VALUES ('week'), ('month'), ('quarter'), ('year')) AS g(grain)
    WHERE s.kind = 'median'
),
listed AS (
    SELECT metric, version, scope_type, scope_id, grain, period_start,
           exact_sum(numerator) AS numerator, exact_sum(denominator) AS denominator, exact_sum(upper) AS upper_numerator,
           count(numerator) AS n, count(*) AS entities,
           list(numerator ORDER BY numerator) FILTER (numerator IS NOT NULL) AS sorted
    FROM placed SEMI JOIN touched_period USING (metric, scope_type, scope_id, grain, period_start)
    GROUP BY metric, version, scope_type, scope_id, grain, period_start
)
SELECT metric, version, scope_type, scope_id, grain, period_start,
       value_of('median', NULL, NULL, sorted) AS value, list_aggregate(sorted, 'quantile_cont', 0.9) AS p90,
       median_bound(sorted, -1) AS low, median_bound(sorted, 1) AS high, NULL AS lower, NULL AS upper,
       numerator, denominator, upper_numerator, n, entities
FROM listed;
