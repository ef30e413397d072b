-- A row for each asked place that has a value: gold's own row for whole periods, days added up for free ranges.
-- After a metric's first input in a scope, a period without entities is a true zero; before it, and in the future,
-- there is no data.
WITH held AS (
    SELECT g.* FROM gold.metric_value g SEMI JOIN asked USING (metric, scope_type, scope_id)
),
begun AS (
    SELECT metric, scope_type, scope_id, min(period_start) AS first_day
    FROM held WHERE grain = 'day' AND n > 0 GROUP BY metric, scope_type, scope_id
),
whole AS (
    SELECT a.place, h.value, h.lower, h.upper, h.n, h.entities
    FROM asked a JOIN held h
      ON h.metric = a.metric AND h.scope_type = a.scope_type AND h.scope_id = a.scope_id
     AND h.grain = a.grain AND h.period_start = a.first
    WHERE a.kind <> 'level'
),
free_range AS (
    SELECT a.place,
           CASE a.kind WHEN 'sum' THEN sum(h.numerator) ELSE sum(h.numerator) / nullif(sum(h.denominator), 0) END AS value,
           CASE WHEN sum(h.upper_numerator) IS NOT NULL THEN sum(h.numerator) / nullif(sum(h.denominator), 0) END AS lower,
           sum(h.upper_numerator) / nullif(sum(h.denominator), 0) AS upper,
           sum(h.n)::BIGINT AS n, sum(h.entities)::BIGINT AS entities
    FROM asked a JOIN held h
      ON h.metric = a.metric AND h.scope_type = a.scope_type AND h.scope_id = a.scope_id
     AND h.grain = 'day' AND h.period_start BETWEEN a.first AND a.last
    WHERE a.grain IS NULL AND a.kind IN ('sum', 'ratio')
    GROUP BY a.place, a.kind
),
standing AS (
    SELECT a.place, arg_max(h.value, h.period_start) AS value, NULL AS lower, NULL AS upper,
           arg_max(h.value, h.period_start)::BIGINT AS n, arg_max(h.value, h.period_start)::BIGINT AS entities
    FROM asked a JOIN held h
      ON h.metric = a.metric AND h.scope_type = a.scope_type AND h.scope_id = a.scope_id
     AND h.grain = 'day' AND h.period_start <= a.last
    WHERE a.kind = 'level' AND a.first <= current_date
    GROUP BY a.place
),
found AS (FROM whole UNION ALL FROM free_range UNION ALL FROM standing)
SELECT place, value, lower, upper, n, entities FROM found
UNION ALL
SELECT a.place, 0, NULL, NULL, 0, 0
FROM asked a JOIN begun b USING (metric, scope_type, scope_id)
WHERE a.kind = 'sum' AND b.first_day <= a.last AND a.first <= current_date
  AND a.place NOT IN (SELECT place FROM found)
