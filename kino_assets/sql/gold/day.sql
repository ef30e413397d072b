-- Days: exactly the touched slices, replaced whole.
DELETE FROM gold.metric_value
WHERE grain = 'day' AND (metric, scope_type, scope_id, period_start) IN (
    SELECT (metric, scope_type, scope_id, day) FROM touched_slice);

INSERT INTO gold.metric_value BY NAME
SELECT metric, version, scope_type, scope_id, 'day' AS grain, day AS period_start,
       CASE kind WHEN 'sum' THEN sum(numerator)
                 WHEN 'ratio' THEN sum(numerator) / nullif(sum(denominator), 0)
                 WHEN 'median' THEN median(numerator)
       END AS value,
       CASE WHEN sum(upper) IS NOT NULL THEN sum(numerator) / nullif(sum(denominator), 0) END AS lower,
       sum(upper) / nullif(sum(denominator), 0) AS upper,
       sum(numerator) AS numerator, sum(denominator) AS denominator, sum(upper) AS upper_numerator,
       count(numerator) AS n, count(*) AS entities
FROM scoped_measurement SEMI JOIN touched_slice USING (metric, scope_type, scope_id, day)
GROUP BY metric, version, kind, scope_type, scope_id, day;
