DELETE FROM gold.metric_value
WHERE (metric, scope_type, scope_id, grain, period_start) IN (
    SELECT (metric, scope_type, scope_id, 'day', day) FROM touched_slice
    UNION ALL SELECT (metric, scope_type, scope_id, grain, period_start) FROM touched_period);
