-- Tasks: begun by their first task_started, ended by their last task_completed, in whatever order those came.
CREATE OR REPLACE TEMP TABLE affected AS
SELECT DISTINCT project_id, (body ->> '$.task_id') AS task_id FROM window_event
WHERE source = 'agent' AND type IN ('task_started', 'task_completed') AND project_id IS NOT NULL;

CREATE OR REPLACE TEMP TABLE fresh AS
SELECT project_id, task_id,
       min(occurred_at) FILTER (event_type = 'task_started') AS started_at,
       max(occurred_at) FILTER (event_type = 'task_completed') AS completed_at,
       arg_max(agent_id, (occurred_at, event_id)) AS agent_id,
       arg_max(agent_type, (occurred_at, event_id)) AS agent_type,
       arg_max(event_source, (occurred_at, event_id)) AS event_source,
       arg_max(event_id, (occurred_at, event_id)) AS event_id
FROM silver.agent_activity SEMI JOIN affected USING (project_id, task_id)
WHERE event_type IN ('task_started', 'task_completed')
GROUP BY project_id, task_id;
