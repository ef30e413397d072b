-- Levels: a change on one day shows in every later period, so a touched scope's whole line is drawn anew.
INSERT INTO fresh_value BY NAME
WITH change AS (
    SELECT metric, version, kind, scope_type, scope_id, grain, date_trunc(grain, day)::DATE AS period_start,
           exact_sum(numerator) AS numerator, exact_sum(denominator) AS denominator, count(*) AS n
    FROM scoped_measurement SEMI JOIN touched_line USING (metric, scope_type, scope_id),
         (VALUES ('day'), ('week'), ('month'), ('quarter'), ('year')) AS g(grain)
    WHERE kind IN ('level', 'level_ratio')
    GROUP BY metric, version, kind, scope_type, scope_id, grain, date_trunc(grain, day)::DATE
),
standing AS (
    SELECT *, sum(numerator) OVER line AS level, sum(denominator) OVER line AS whole
    FROM change
    WINDOW line AS (PARTITION BY metric, scope_type, scope_id, grain ORDER BY period_start)
)
-- How many there are is what a level stands on; of a share of them, how many could be.
SELECT metric, version, scope_type, scope_id, grain, period_start,
       CASE kind WHEN 'level' THEN level ELSE level / nullif(whole, 0) END AS value, NULL AS p90,
       NULL AS low, NULL AS high, NULL AS lower, NULL AS upper, numerator, denominator, NULL AS upper_numerator,
       coalesce(whole, level)::BIGINT AS n, coalesce(whole, level)::BIGINT AS entities
FROM standing;
