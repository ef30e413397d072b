-- The quarter hours of the sittings that this window tells of, and of those whose usage it moves: of a request that was told
-- twice, the first telling may come in last.
CREATE OR REPLACE TEMP TABLE moved_sitting AS
SELECT project_id, agent_id, sitting FROM window_activity UNION SELECT project_id, agent_id, sitting FROM usage_told;

CREATE OR REPLACE TEMP TABLE sitting_quarter AS
WITH heard AS (
    SELECT * REPLACE (
        -- What a sitting tells of once, it had nothing of where it tells of nothing.
        CASE WHEN bool_or(input_tokens IS NOT NULL) OVER whole THEN 0 END AS input_tokens,
        CASE WHEN bool_or(output_tokens IS NOT NULL) OVER whole THEN 0 END AS output_tokens,
        CASE WHEN bool_or(cached_tokens IS NOT NULL) OVER whole THEN 0 END AS cached_tokens,
        CASE WHEN bool_or(cost_usd IS NOT NULL) OVER whole THEN 0 END AS cost_usd),
        bool_or(usage_key IS NOT NULL) OVER whole AS told_usage,
        row_number() OVER (PARTITION BY project_id, agent_id, sitting ORDER BY occurred_at, event_source, event_id) = 1
            AS begins_sitting,
        time_bucket(INTERVAL 15 MINUTE, occurred_at) AS quarter
    FROM silver.agent_activity SEMI JOIN moved_sitting USING (project_id, agent_id, sitting)
    WINDOW whole AS (PARTITION BY project_id, agent_id, sitting)
),
spent AS (
    SELECT project_id, agent_id, sitting, time_bucket(INTERVAL 15 MINUTE, occurred_at) AS quarter,
           sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cached_tokens) AS cached_tokens,
           sum(cost_usd) AS cost_usd
    FROM silver.agent_usage SEMI JOIN moved_sitting USING (project_id, agent_id, sitting)
    GROUP BY ALL
)
SELECT h.project_id, h.agent_id, h.sitting, h.quarter, unnest(h.first), h.begins_sitting, h.told_usage,
       coalesce(s.input_tokens, h.input_tokens) AS input_tokens,
       coalesce(s.output_tokens, h.output_tokens) AS output_tokens,
       coalesce(s.cached_tokens, h.cached_tokens) AS cached_tokens, coalesce(s.cost_usd, h.cost_usd) AS cost_usd
FROM (
    SELECT project_id, agent_id, sitting, quarter,
           arg_min({'occurred_at': occurred_at, 'session_id': session_id, 'agent_type': agent_type,
                    'event_source': event_source, 'event_id': event_id}, (occurred_at, event_source, event_id)) AS first,
           bool_or(begins_sitting) AS begins_sitting, any_value(told_usage) AS told_usage,
           any_value(input_tokens) AS input_tokens, any_value(output_tokens) AS output_tokens,
           any_value(cached_tokens) AS cached_tokens, any_value(cost_usd) AS cost_usd
    FROM heard GROUP BY ALL
) h
LEFT JOIN spent s ON s.project_id = h.project_id AND s.agent_id = h.agent_id AND s.sitting = h.sitting
    AND s.quarter = h.quarter;

-- Of those who were heard of in the same hours, only which comes first may be another now.
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT *, row_number() OVER (PARTITION BY project_id, agent_id, date_trunc('hour', quarter)
                             ORDER BY occurred_at, event_source, event_id) = 1 AS begins_hour
FROM (
    FROM sitting_quarter
    UNION ALL BY NAME
    SELECT * EXCLUDE (begins_hour)
    FROM silver.agent_quarter ANTI JOIN moved_sitting USING (project_id, agent_id, sitting)
    WHERE (project_id, agent_id, date_trunc('hour', quarter)) IN (
        SELECT (project_id, agent_id, date_trunc('hour', quarter)) FROM sitting_quarter)
);
CREATE OR REPLACE TEMP TABLE affected AS SELECT project_id, agent_id, sitting, quarter FROM fresh;
