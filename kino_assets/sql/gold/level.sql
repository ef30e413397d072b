-- Levels: a change on one day shows in every later period, so a touched scope's whole line is drawn anew.
CREATE OR REPLACE TEMP TABLE touched_line AS
SELECT DISTINCT metric, scope_type, scope_id FROM touched_slice
SEMI JOIN (FROM metric_kind WHERE kind = 'level') USING (metric);

DELETE FROM gold.metric_value
WHERE (metric, scope_type, scope_id) IN (SELECT (metric, scope_type, scope_id) FROM touched_line);

INSERT INTO gold.metric_value BY NAME
WITH change AS (
    SELECT metric, version, scope_type, scope_id, grain, date_trunc(grain, day)::DATE AS period_start,
           sum(numerator) AS numerator, count(*) AS n
    FROM scoped_measurement SEMI JOIN touched_line USING (metric, scope_type, scope_id),
         (VALUES ('day'), ('week'), ('month'), ('quarter'), ('year')) AS g(grain)
    WHERE kind = 'level'
    GROUP BY metric, version, scope_type, scope_id, grain, date_trunc(grain, day)::DATE
)
SELECT metric, version, scope_type, scope_id, grain, period_start,
       sum(numerator) OVER (PARTITION BY metric, scope_type, scope_id, grain ORDER BY period_start) AS value,
       NULL AS lower, NULL AS upper, numerator, NULL AS denominator, NULL AS upper_numerator, n, n AS entities
FROM change;
