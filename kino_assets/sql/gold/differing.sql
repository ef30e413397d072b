-- How many rows of gold differ, metric by metric, from what they should be on one day; levels stand on earlier days too.
WITH held AS (
    SELECT * EXCLUDE (version) FROM gold.metric_value
    WHERE grain = 'day' AND period_start = ? AND metric IN (
        SELECT metric FROM metric_kind WHERE kind NOT IN ('level', 'level_ratio'))
),
due AS (SELECT * EXCLUDE (version) FROM fresh_value)
SELECT metric, count(*) FROM ((FROM held EXCEPT FROM due) UNION ALL (FROM due EXCEPT FROM held)) GROUP BY metric
