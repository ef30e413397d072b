-- Blockers open at a moment, oldest first, by the definition of the metric blockers_open: a blocker without an id is
-- its task's, and it closes when it is reported resolved or one of its tasks completes.
WITH told AS (
    SELECT project_id, coalesce(data ->> 'blocker_id', task_id) AS blocker_id, task_id, agent_id, occurred_at, source,
           event_id, data ->> 'description' AS description,
           coalesce(data ->> 'resolved' = 'true', false) AS resolved
    FROM kino.agent_activity
    WHERE event_type = 'blocker_identified' AND project_id = ANY(:projects) AND occurred_at <= :moment
),
said AS (
    SELECT project_id, blocker_id, task_id, agent_id, occurred_at, source, event_id, description,
           NOT resolved AS open
    FROM told
    UNION ALL
    SELECT b.project_id, b.blocker_id, b.task_id, d.agent_id, d.occurred_at, d.source, d.event_id, NULL, false
    FROM (SELECT DISTINCT project_id, blocker_id, task_id FROM told) b
    JOIN kino.agent_activity d ON d.project_id = b.project_id AND d.task_id = b.task_id
    WHERE d.event_type = 'task_completed' AND d.occurred_at <= :moment
),
turned AS (
    SELECT *, open IS DISTINCT FROM lag(open) OVER each_blocker AS turns,
           row_number() OVER (PARTITION BY project_id, blocker_id
                              ORDER BY occurred_at DESC, source DESC, event_id DESC) AS back
    FROM said
    WINDOW each_blocker AS (PARTITION BY project_id, blocker_id ORDER BY occurred_at, source, event_id)
),
opened AS (
    SELECT DISTINCT ON (project_id, blocker_id) project_id, blocker_id, task_id, agent_id, occurred_at, description
    FROM turned t
    WHERE open AND turns
      AND EXISTS (SELECT FROM turned newest WHERE newest.project_id = t.project_id
                  AND newest.blocker_id = t.blocker_id AND newest.back = 1 AND newest.open)
    ORDER BY project_id, blocker_id, occurred_at DESC
)
SELECT o.project_id, coalesce(o.description, '') AS description, o.task_id AS task, a.name AS agent,
       o.occurred_at AS since
FROM opened o JOIN kino.agent a ON a.id = o.agent_id
ORDER BY o.occurred_at, o.project_id, o.blocker_id;
