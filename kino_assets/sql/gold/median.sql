-- Weeks, months, quarters and years of medians: from the entities, because medians do not add up.
INSERT INTO gold.metric_value BY NAME
SELECT s.metric, s.version, s.scope_type, s.scope_id, t.grain, t.period_start,
       median(s.numerator) AS value, NULL AS lower, NULL AS upper,
       sum(s.numerator) AS numerator, sum(s.denominator) AS denominator, sum(s.upper) AS upper_numerator,
       count(s.numerator) AS n, count(*) AS entities
FROM scoped_measurement s
JOIN touched_period t ON t.metric = s.metric AND t.scope_type = s.scope_type AND t.scope_id = s.scope_id
    AND date_trunc(t.grain, s.day)::DATE = t.period_start
WHERE s.kind = 'median'
GROUP BY s.metric, s.version, s.scope_type, s.scope_id, t.grain, t.period_start;
