-- What agents reported, a row an event.
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT e.project_id, e.type AS event_type, e.occurred_at, (e.body ->> '$.task_id') AS task_id, a.agent_id, a.agent_type,
       coalesce(e.body ->> '$.data.blocker_id', e.body ->> '$.task_id') AS blocker_id,
       coalesce((e.body ->> '$.data.resolved') = 'true', false) AS resolved,
       try_cast((e.body ->> '$.data.passed') AS BIGINT) AS passed,
       try_cast((e.body ->> '$.data.failed') AS BIGINT) AS failed,
       e.source AS event_source, e.event_id
FROM window_event e
JOIN silver.agent a ON a.agent_name = (e.body ->> '$.agent_id')
    AND a.declared_type IS NOT DISTINCT FROM (e.body ->> '$.agent_type')
WHERE e.source = 'agent' AND e.project_id IS NOT NULL;
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
