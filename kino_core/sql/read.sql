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
    SELECT a.place, h.value, h.p90, h.low, h.high, h.lower, h.upper, h.n, h.entities
    FROM asked a JOIN held h
      ON h.metric = a.metric AND h.scope_type = a.scope_type AND h.scope_id = a.scope_id
     AND h.grain = a.grain AND h.period_start = a.first
    WHERE a.kind NOT IN ('level', 'level_ratio')
),
summed AS (
    SELECT a.place, a.kind, exact_sum(h.numerator) AS numerator, exact_sum(h.denominator) AS denominator,
           exact_sum(h.upper_numerator) AS upper_numerator, sum(h.n)::BIGINT AS n, sum(h.entities)::BIGINT AS entities
    FROM asked a JOIN held h
      ON h.metric = a.metric AND h.scope_type = a.scope_type AND h.scope_id = a.scope_id
     AND h.grain = 'day' AND h.period_start BETWEEN a.first AND a.last
    WHERE a.grain IS NULL AND a.kind IN ('sum', 'frequency', 'days', 'ratio', 'quotient')
    GROUP BY a.place, a.kind
),
free_range AS (
    SELECT place, value_of(kind, numerator, denominator, NULL::DOUBLE[]) AS value, NULL AS p90,
           interval_end(kind, value, n, NULL::DOUBLE[], -1) AS low,
           interval_end(kind, value, n, NULL::DOUBLE[], 1) AS high,
           CASE WHEN upper_numerator IS NOT NULL THEN value END AS lower,
           upper_numerator / nullif(denominator, 0) AS upper, n, entities
    FROM summed
),
standing AS (
    SELECT a.place, arg_max(h.value, h.period_start) AS value, NULL AS p90, NULL AS low, NULL AS high, NULL AS lower,
           NULL AS upper, arg_max(h.n, h.period_start) AS n, arg_max(h.entities, h.period_start) AS entities
    FROM asked a JOIN held h
      ON h.metric = a.metric AND h.scope_type = a.scope_type AND h.scope_id = a.scope_id
     AND h.grain = 'day' AND h.period_start <= a.last
    WHERE a.kind IN ('level', 'level_ratio') AND a.first <= current_date
    GROUP BY a.place
),
nothing_happened AS (
    SELECT a.place, 0 AS value, NULL AS p90, NULL AS low, NULL AS high, NULL AS lower, NULL AS upper, 0 AS n,
           0 AS entities
    FROM asked a JOIN begun b USING (metric, scope_type, scope_id)
    WHERE a.kind IN ('sum', 'frequency', 'days') AND b.first_day <= a.last AND a.first <= current_date
      AND a.place NOT IN (SELECT place FROM whole UNION ALL SELECT place FROM free_range)
)
SELECT place, f.value / CASE a.kind WHEN 'frequency' THEN weeks_begun(a.first, a.last) ELSE 1 END AS value,
       f.p90, f.low, f.high, f.lower, f.upper, f.n, f.entities
FROM (FROM whole UNION ALL FROM free_range UNION ALL FROM standing UNION ALL FROM nothing_happened) f
JOIN asked a USING (place)
