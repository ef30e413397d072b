-- When alerts opened and closed. Whatever told of an alert first, it opened when GitHub says that it was created; what was
-- last said of its severity holds for all of its time.
CREATE OR REPLACE TEMP TABLE affected AS
SELECT DISTINCT n.repository_id, replace(e.type, '_alert', '') AS tool,
       try_cast(body ->> '$.alert.number' AS BIGINT) AS number
FROM window_event e JOIN repository_name n USING (repository)
WHERE e.source = 'github' AND e.type IN ('code_scanning_alert', 'dependabot_alert', 'secret_scanning_alert');

CREATE OR REPLACE TEMP TABLE fresh AS
WITH told AS MATERIALIZED (
    SELECT *, last(class ORDER BY occurred_at, event_id) OVER alert AS now_class,
           last(severity ORDER BY occurred_at, event_id) OVER alert AS now_severity
    FROM silver.alert_event SEMI JOIN affected USING (repository_id, tool, number)
    WINDOW alert AS (PARTITION BY repository_id, tool, number)
),
said AS (
    SELECT repository_id, tool, number, now_class, now_severity, occurred_at, open, event_source, event_id FROM told
    UNION ALL
    SELECT repository_id, tool, number, now_class, now_severity, created_at, true, event_source, event_id FROM told
    WHERE created_at IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY repository_id, tool, number
                               ORDER BY created_at, occurred_at, event_id) = 1
)
SELECT repository_id, tool, number, now_class AS class, now_severity AS severity, occurred_at,
       CASE WHEN open THEN 1 ELSE -1 END AS change, NULL::UUID AS agent_id, NULL::VARCHAR AS agent_type,
       event_source, event_id
FROM said
QUALIFY open <> coalesce(lag(open) OVER (PARTITION BY repository_id, tool, number
                                         ORDER BY occurred_at, NOT open, event_id), false);
