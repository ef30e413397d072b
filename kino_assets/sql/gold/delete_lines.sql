DELETE FROM gold.metric_value
WHERE (metric, scope_type, scope_id) IN (SELECT (metric, scope_type, scope_id) FROM touched_line);
