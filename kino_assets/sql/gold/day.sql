-- Days: exactly the touched slices.
INSERT INTO fresh_value BY NAME
WITH summed AS (
    SELECT metric, version, kind, scope_type, scope_id, 'day' AS grain, day AS period_start,
           CASE WHEN kind = 'days' THEN (exact_sum(numerator) > 0)::INTEGER ELSE exact_sum(numerator) END AS numerator,
           exact_sum(denominator) AS denominator, exact_sum(upper) AS upper_numerator,
           count(numerator) AS n, count(*) AS entities,
           list(numerator ORDER BY numerator) FILTER (kind = 'median' AND numerator IS NOT NULL) AS sorted
    FROM scoped_measurement SEMI JOIN touched_slice USING (metric, scope_type, scope_id, day)
    WHERE kind NOT IN ('level', 'level_ratio')
    GROUP BY metric, version, kind, scope_type, scope_id, day
)
SELECT metric, version, scope_type, scope_id, grain, period_start,
       value_of(kind, numerator, denominator, sorted) AS value, list_aggregate(sorted, 'quantile_cont', 0.9) AS p90,
       interval_end(kind, value, n, sorted, -1) AS low, interval_end(kind, value, n, sorted, 1) AS high,
       CASE WHEN upper_numerator IS NOT NULL THEN value END AS lower, upper_numerator / nullif(denominator, 0) AS upper,
       numerator, denominator, upper_numerator, n, entities
FROM summed;
