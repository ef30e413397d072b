-- Weeks, months, quarters and years of what adds up: from their days, which are right by now.
CREATE OR REPLACE TEMP TABLE touched_period AS
SELECT DISTINCT metric, scope_type, scope_id, grain, date_trunc(grain, day)::DATE AS period_start
FROM touched_slice, (VALUES ('week'), ('month'), ('quarter'), ('year')) AS g(grain);

DELETE FROM gold.metric_value
WHERE (metric, scope_type, scope_id, grain, period_start) IN (
    SELECT (metric, scope_type, scope_id, grain, period_start) FROM touched_period);

INSERT INTO gold.metric_value BY NAME
SELECT t.metric, d.version, t.scope_type, t.scope_id, t.grain, t.period_start,
       CASE k.kind WHEN 'sum' THEN sum(d.numerator) ELSE sum(d.numerator) / nullif(sum(d.denominator), 0) END AS value,
       CASE WHEN sum(d.upper_numerator) IS NOT NULL
            THEN sum(d.numerator) / nullif(sum(d.denominator), 0) END AS lower,
       sum(d.upper_numerator) / nullif(sum(d.denominator), 0) AS upper,
       sum(d.numerator) AS numerator, sum(d.denominator) AS denominator, sum(d.upper_numerator) AS upper_numerator,
       sum(d.n)::BIGINT AS n, sum(d.entities)::BIGINT AS entities
FROM gold.metric_value d
JOIN metric_kind k ON k.metric = d.metric AND k.kind IN ('sum', 'ratio')
JOIN touched_period t ON t.metric = d.metric AND t.scope_type = d.scope_type AND t.scope_id = d.scope_id
    AND date_trunc(t.grain, d.period_start)::DATE = t.period_start
WHERE d.grain = 'day'
GROUP BY t.metric, d.version, k.kind, t.scope_type, t.scope_id, t.grain, t.period_start;
