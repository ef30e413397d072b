-- Weeks, months, quarters and years of what adds up: from their days.
INSERT INTO fresh_value BY NAME
WITH day AS (
    SELECT d.*, k.kind
    FROM (
        FROM gold.metric_value
        WHERE grain = 'day' AND (metric, scope_type, scope_id) IN (
            SELECT (metric, scope_type, scope_id) FROM touched_slice)
          AND (metric, scope_type, scope_id, period_start) NOT IN (
            SELECT (metric, scope_type, scope_id, day) FROM touched_slice)
        UNION ALL BY NAME
        FROM fresh_value
    ) d JOIN metric_kind k USING (metric)
    WHERE k.kind IN ('sum', 'frequency', 'days', 'ratio', 'quotient')
),
-- Every day once for each longer period that holds it, so that the join is on equal keys alone.
placed AS (
    SELECT day.* EXCLUDE (grain, period_start), g.grain, date_trunc(g.grain, day.period_start)::DATE AS period_start
    FROM day, (VALUES ('week'), ('month'), ('quarter'), ('year')) AS g(grain)
),
summed AS (
    SELECT metric, version, kind, scope_type, scope_id, grain, period_start,
           exact_sum(numerator) AS numerator, exact_sum(denominator) AS denominator, exact_sum(upper_numerator) AS upper_numerator,
           sum(n)::BIGINT AS n, sum(entities)::BIGINT AS entities
    FROM placed SEMI JOIN touched_period USING (metric, scope_type, scope_id, grain, period_start)
    GROUP BY metric, version, kind, scope_type, scope_id, grain, period_start
)
SELECT metric, version, scope_type, scope_id, grain, period_start,
       value_of(kind, numerator, denominator, NULL::DOUBLE[]) AS value, NULL AS p90,
       interval_end(kind, value, n, NULL::DOUBLE[], -1) AS low, interval_end(kind, value, n, NULL::DOUBLE[], 1) AS high,
       CASE WHEN upper_numerator IS NOT NULL THEN value END AS lower, upper_numerator / nullif(denominator, 0) AS upper,
       numerator, denominator, upper_numerator, n, entities
FROM summed;
