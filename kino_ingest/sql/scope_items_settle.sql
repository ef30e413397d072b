-- Brings the scope items of these tasks to the state that follows from everything told of them, and names those that
-- changed. It looks at what is stored, not at what is new, so order and repetition do not matter.
--
-- The last word by time wins: a person's (`said_…`, also where an agent's is of the same moment), the start or the
-- completion of the task. An open blocker of the task holds the item BLOCKED unless a person, or the completion, spoke
-- after it; once it is closed the item is back where the other words left it.
WITH told AS MATERIALIZED (
    SELECT DISTINCT told.project_id, lower(told.task_id) AS task
    FROM unnest(%(project_ids)s::uuid[], %(task_ids)s::text[]) AS told (project_id, task_id)
), task AS (
    SELECT project_id, task FROM told
    UNION
    -- A blocker that several tasks report holds them all.
    SELECT other.project_id, lower(other.task_id)
    FROM told
    JOIN kino.blocker_report AS report ON report.project_id = told.project_id AND lower(report.task_id) = told.task
    JOIN kino.blocker_report AS other ON other.project_id = report.project_id AND other.blocker_id = report.blocker_id
), item AS MATERIALIZED (
    SELECT item.*, ARRAY[lower(item.key), item.id::text] AS tasks
    FROM kino.scope_item AS item
    WHERE item.id IN (
        SELECT by_key.id FROM task
        JOIN kino.scope_item AS by_key ON by_key.project_id = task.project_id AND lower(by_key.key) = task.task
        UNION ALL
        SELECT by_id.id FROM task
        JOIN kino.scope_item AS by_id ON by_id.project_id = task.project_id
            AND by_id.id = CASE WHEN task.task ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN task.task::uuid END
    )
    ORDER BY item.id
    -- What a person says at this moment is waited for, and then known here.
    FOR NO KEY UPDATE
), word AS MATERIALIZED (
    SELECT item.id, activity.event_type, activity.occurred_at, activity.source COLLATE "C" AS source,
        activity.event_id COLLATE "C" AS event_id, activity.data ->> 'resolved' = 'true' AS resolved,
        coalesce(activity.data ->> 'blocker_id', activity.task_id) AS blocker_id
    FROM item JOIN kino.agent_activity AS activity
        ON activity.project_id = item.project_id AND lower(activity.task_id) = ANY (item.tasks)
    WHERE activity.event_type IN ('task_started', 'task_completed', 'blocker_identified')
), last AS (
    SELECT DISTINCT ON (id) id, event_type, occurred_at, source, event_id
    FROM word WHERE event_type <> 'blocker_identified'
    ORDER BY id, occurred_at DESC, source DESC, event_id DESC
), begun AS (
    SELECT id, min(occurred_at) AS occurred_at FROM word WHERE event_type = 'task_started' GROUP BY id
), freed AS (
    SELECT id, max(occurred_at) AS occurred_at
    FROM (
        SELECT id, occurred_at FROM word WHERE resolved
        UNION ALL
        SELECT item.id, closed.occurred_at
        FROM item
        JOIN (SELECT DISTINCT id, blocker_id FROM word WHERE event_type = 'blocker_identified') AS reported USING (id)
        JOIN kino.blocker_resolution AS closed
            ON closed.project_id = item.project_id AND closed.blocker_id = reported.blocker_id
    ) AS closing
    GROUP BY id
), stuck AS (
    SELECT DISTINCT ON (item.id) item.id, blocker.last_reported_at AS occurred_at, blocker.source COLLATE "C" AS source,
        blocker.event_id COLLATE "C" AS event_id
    FROM item JOIN kino.open_blocker(
        ARRAY(SELECT DISTINCT project_id FROM item), 'infinity',
        ARRAY(SELECT DISTINCT blocker_id FROM word WHERE event_type = 'blocker_identified')
    ) AS blocker ON blocker.project_id = item.project_id AND lower(blocker.task_id) = ANY (item.tasks)
    ORDER BY item.id, blocker.last_reported_at DESC, blocker.source COLLATE "C" DESC, blocker.event_id COLLATE "C" DESC
), weighed AS (
    SELECT item.id, item.said_status, item.said_at,
        least(begun.occurred_at, item.said_started_at) AS started_at,
        last.occurred_at > coalesce(item.said_at, '-infinity') AS agents_have_the_word,
        last.event_type AS last_type, last.occurred_at AS last_at, freed.occurred_at AS freed_at,
        stuck.occurred_at > coalesce(item.said_at, '-infinity')
            AND (last.event_type IS DISTINCT FROM 'task_completed'
                OR (stuck.occurred_at, stuck.source, stuck.event_id) > (last.occurred_at, last.source, last.event_id))
            AS is_stuck
    FROM item
    LEFT JOIN last USING (id) LEFT JOIN begun USING (id) LEFT JOIN freed USING (id) LEFT JOIN stuck USING (id)
), decided AS (
    SELECT id, started_at, last_at, said_at, agents_have_the_word,
        CASE
            WHEN is_stuck THEN 'BLOCKED'
            WHEN agents_have_the_word AND last_type = 'task_completed' THEN 'DONE'
            WHEN agents_have_the_word THEN 'IN_PROGRESS'
            WHEN said_status = 'BLOCKED' AND freed_at > said_at AND started_at IS NOT NULL THEN 'IN_PROGRESS'
            WHEN said_status = 'BLOCKED' AND freed_at > said_at THEN 'TODO'
            ELSE coalesce(said_status, 'TODO')
        END AS status
    FROM weighed
), settled AS (
    SELECT id, status,
        CASE WHEN status <> 'TODO' THEN started_at END AS started_at,
        CASE WHEN status = 'DONE' THEN CASE WHEN agents_have_the_word THEN last_at ELSE said_at END END AS completed_at
    FROM decided
)
UPDATE kino.scope_item AS item
SET status = settled.status, started_at = settled.started_at, completed_at = settled.completed_at,
    updated_at = greatest(clock_timestamp(), item.updated_at + interval '1 microsecond')
-- What the worker does here it does for agents: the audit says so, where nobody else is at work.
FROM settled CROSS JOIN (
    SELECT CASE WHEN coalesce(current_setting('kino.actor', true), '') = ''
        THEN set_config('kino.actor', '{"type": "agent"}', true) END
) AS acting
WHERE item.id = settled.id
  AND (item.status, item.started_at, item.completed_at)
      IS DISTINCT FROM (settled.status, settled.started_at, settled.completed_at)
RETURNING item.id, item.project_id, item.key, item.status
