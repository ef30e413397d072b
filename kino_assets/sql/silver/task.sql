-- Tasks: begun by their first task_started, ended by their last task_completed, in whatever order those came. One has
-- succeeded when it was done, left no blocker behind, and its pull requests, where it has any, were merged to stay.
CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT project_id, task_id FROM moved_task;

CREATE OR REPLACE TEMP TABLE fresh AS
WITH told AS (
    SELECT project_id, task_id,
           min(occurred_at) FILTER (event_type = 'task_started') AS started_at,
           arg_max({'at': occurred_at, 'failed': failed_task, 'source': event_source, 'id': event_id},
                   (occurred_at, event_source, event_id)) FILTER (event_type = 'task_completed') AS ended,
           bool_or(prompted) AS prompted,
           unnest(arg_max({'agent_id': agent_id, 'agent_type': agent_type, 'event_source': event_source,
                           'event_id': event_id}, (occurred_at, event_source, event_id))
               FILTER (event_type IN ('task_started', 'task_completed')))
    FROM silver.agent_activity SEMI JOIN affected USING (project_id, task_id)
    WHERE event_type IN ('task_started', 'task_completed', 'blocker_identified')
    GROUP BY project_id, task_id
),
led AS (
    SELECT project_id, task_id, bool_or(merged_at IS NOT NULL) AS merged,
           bool_or(merged_at IS NULL AND closed_at IS NULL) AS open,
           coalesce(bool_or(reverted_at <= merged_at + INTERVAL 7 DAY), false) AS reverted, bool_or(helped) AS helped
    FROM silver.work_pull_request SEMI JOIN affected USING (project_id, task_id)
    GROUP BY project_id, task_id
),
blocked AS (
    SELECT project_id, ended_task AS task_id, event_source, event_id
    FROM silver.blocker_change
    WHERE (project_id, ended_task) IN (SELECT (project_id, task_id) FROM affected)
)
SELECT t.project_id, t.task_id, t.started_at, t.ended.at AS completed_at,
       CASE WHEN t.ended IS NULL THEN NULL
            WHEN t.ended.failed OR b.task_id IS NOT NULL OR l.reverted THEN false
            WHEN l.task_id IS NULL OR l.merged THEN true
            WHEN NOT l.open THEN false END AS succeeded,
       t.prompted OR coalesce(l.helped, false) AS intervened,
       t.agent_id, t.agent_type, t.event_source, t.event_id
FROM told t
LEFT JOIN led l ON l.project_id = t.project_id AND l.task_id = t.task_id
LEFT JOIN (SELECT DISTINCT * FROM blocked) b
    ON b.project_id = t.project_id AND b.task_id = t.task_id AND b.event_source = t.ended.source AND b.event_id = t.ended.id
WHERE t.event_id IS NOT NULL;
