-- When blockers opened and closed. A blocker without an id is its task's; a completed task closes all of its own, and
-- so does a person. Whoever closes it, it is taken off the agent that it was counted for.
CREATE OR REPLACE TEMP TABLE affected AS
WITH told AS (
    SELECT * FROM silver.agent_activity
    WHERE event_id IN (SELECT event_id FROM window_event WHERE source = 'agent')
      AND event_type IN ('blocker_identified', 'task_completed')
)
SELECT project_id, blocker_id FROM told WHERE event_type = 'blocker_identified'
UNION
SELECT a.project_id, a.blocker_id FROM silver.agent_activity a JOIN told t USING (project_id, task_id)
WHERE t.event_type = 'task_completed' AND a.event_type = 'blocker_identified'
UNION
SELECT project_id, blocker_id FROM silver.blocker_resolution
WHERE event_id IN (SELECT event_id FROM window_event WHERE source = 'kino');

CREATE OR REPLACE TEMP TABLE fresh AS
WITH reported AS (
    FROM silver.agent_activity SEMI JOIN affected USING (project_id, blocker_id)
    WHERE event_type = 'blocker_identified'
),
said AS (
    SELECT project_id, blocker_id, occurred_at, NOT resolved AS open, NULL AS ended_task, agent_id, agent_type,
           event_source, event_id
    FROM reported
    UNION ALL
    SELECT b.project_id, b.blocker_id, d.occurred_at, false, d.task_id, d.agent_id, d.agent_type, d.event_source,
           d.event_id
    FROM (
        SELECT project_id, blocker_id, task_id, min((occurred_at, event_source, event_id)) AS first_reported
        FROM reported GROUP BY ALL
    ) b
    JOIN silver.agent_activity d USING (project_id, task_id)
    -- A task that reports the blocker only later had nothing to do with it when it was completed.
    WHERE d.event_type = 'task_completed' AND (d.occurred_at, d.event_source, d.event_id) > b.first_reported
    UNION ALL
    SELECT project_id, blocker_id, occurred_at, false, NULL, NULL, NULL, event_source, event_id
    FROM silver.blocker_resolution SEMI JOIN affected USING (project_id, blocker_id)
),
turned AS (
    FROM said
    QUALIFY open <> coalesce(lag(open) OVER (PARTITION BY project_id, blocker_id
                                             ORDER BY occurred_at, event_source, event_id), false)
)
SELECT project_id, blocker_id, occurred_at, CASE WHEN open THEN 1 ELSE -1 END AS change,
       CASE WHEN NOT open THEN lag(occurred_at) OVER in_order END AS opened_at, ended_task,
       CASE WHEN open THEN agent_id ELSE lag(agent_id) OVER in_order END AS agent_id,
       CASE WHEN open THEN agent_type ELSE lag(agent_type) OVER in_order END AS agent_type,
       event_source, event_id
FROM turned
WINDOW in_order AS (PARTITION BY project_id, blocker_id ORDER BY occurred_at, event_source, event_id);

-- Whether a task left a blocker behind may have changed with it.
INSERT INTO moved_task
SELECT project_id, ended_task FROM fresh WHERE ended_task IS NOT NULL
UNION
SELECT project_id, ended_task FROM silver.blocker_change SEMI JOIN affected USING (project_id, blocker_id)
WHERE ended_task IS NOT NULL;
