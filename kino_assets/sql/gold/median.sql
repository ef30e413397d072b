-- Weeks, months, quarters and years of medians: from the entities, because medians do not add up.
INSERT INTO gold.metric_value BY NAME
WITH placed AS (
    SELECT s.*, g.grain, date_trunc(g.grain, s.day)::DATE AS period_start
    FROM scoped_measurement s, (VALUES ('week'), ('month'), ('quarter'), ('year')) AS g(grain)
    WHERE s.kind = 'median'
)
SELECT metric, version, scope_type, scope_id, grain, period_start,
       median(numerator) AS value, NULL AS lower, NULL AS upper,
       sum(numerator) AS numerator, sum(denominator) AS denominator, sum(upper) AS upper_numerator,
       count(numerator) AS n, count(*) AS entities
FROM placed SEMI JOIN touched_period USING (metric, scope_type, scope_id, grain, period_start)
GROUP BY metric, version, scope_type, scope_id, grain, period_start;
