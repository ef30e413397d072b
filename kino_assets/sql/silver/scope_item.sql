-- Scope items as they stand, and how they came to. The last word by time wins: a person's (also where an agent's is of
-- the same moment), the start or the completion of the task that has the item's key or id. An open blocker of the task
-- holds the item BLOCKED unless a person, or the completion, spoke after it. The operational table says the same
-- (kino_ingest/sql/scope_items_settle.sql); a test compares the two.
CREATE OR REPLACE TEMP TABLE this_event AS
SELECT source, type, event_id, project_id, lower(body ->> '$.task_id') AS task, (body ->> '$.blocker_id') AS blocker_id,
       try_cast((body ->> '$.user_id') AS UUID) AS user_id
FROM window_event
WHERE (source = 'agent' AND type IN ('task_started', 'task_completed', 'blocker_identified'))
   OR (source = 'kino' AND type IN ('scope_item_created', 'scope_item_changed', 'scope_item_deleted', 'project_created',
       'project_changed', 'project_deleted', 'user_changed', 'person_erased', 'blocker_resolved'));

-- What a person changes may change every item of the project: which its first was, where its days begin.
CREATE OR REPLACE TEMP TABLE changed_project AS
SELECT DISTINCT project_id FROM this_event
WHERE source = 'kino' AND type <> 'blocker_resolved' AND project_id IS NOT NULL
UNION
SELECT project_id FROM silver.scope_telling
WHERE assignee_type = 'USER' AND assignee_id IN (SELECT user_id FROM this_event WHERE user_id IS NOT NULL);

CREATE OR REPLACE TEMP TABLE telling AS
FROM silver.scope_telling
WHERE project_id IN (
    SELECT project_id FROM this_event WHERE project_id IS NOT NULL UNION ALL SELECT project_id FROM changed_project);

CREATE OR REPLACE TEMP TABLE known_item AS
SELECT project_id, item_id, t.key, t.start_date, t.end_date, t.assignee_type, t.assignee_id,
       coalesce(created_at, first_told_at) AS added_at, removed_at
FROM (
    SELECT project_id, item_id, min(occurred_at) FILTER (event_type = 'scope_item_created') AS created_at,
           min(occurred_at) AS first_told_at, min(occurred_at) FILTER (event_type = 'scope_item_deleted') AS removed_at,
           arg_max({'key': key, 'start_date': start_date, 'end_date': end_date, 'assignee_type': assignee_type,
                    'assignee_id': assignee_id}, (told_at, event_id)) FILTER (event_type <> 'scope_item_deleted') AS t
    FROM telling GROUP BY project_id, item_id
);
CREATE OR REPLACE TEMP TABLE item_task AS
SELECT project_id, item_id, unnest([lower(key), item_id::VARCHAR]) AS task FROM known_item;

CREATE OR REPLACE TEMP TABLE task_word AS
SELECT project_id, event_type, task_id, lower(task_id) AS task, blocker_id, resolved, occurred_at, event_source, event_id
FROM silver.agent_activity
WHERE event_type IN ('task_started', 'task_completed', 'blocker_identified')
  AND project_id IN (SELECT project_id FROM known_item);
CREATE OR REPLACE TEMP TABLE report AS FROM task_word WHERE event_type = 'blocker_identified';

CREATE OR REPLACE TEMP TABLE affected AS
SELECT project_id, item_id FROM known_item SEMI JOIN changed_project USING (project_id)
UNION
SELECT project_id, item_id FROM item_task SEMI JOIN (
    SELECT project_id, task FROM this_event WHERE source = 'agent'
    UNION ALL
    -- A blocker that several tasks report holds them all.
    SELECT project_id, other.task
    FROM report JOIN report AS other USING (project_id, blocker_id)
    WHERE (project_id, report.task) IN (SELECT (project_id, task) FROM this_event WHERE source = 'agent')
    UNION ALL
    SELECT project_id, task FROM report
    WHERE (project_id, blocker_id) IN (SELECT (project_id, blocker_id) FROM this_event WHERE type = 'blocker_resolved')
) USING (project_id, task);

CREATE OR REPLACE TEMP TABLE own_task AS FROM item_task SEMI JOIN affected USING (item_id);
CREATE OR REPLACE TEMP TABLE own_word AS
SELECT o.item_id, w.* FROM own_task o JOIN task_word w USING (project_id, task);
CREATE OR REPLACE TEMP TABLE own_blocker AS
SELECT DISTINCT item_id, project_id, blocker_id FROM own_word WHERE event_type = 'blocker_identified';

-- What is told of the blockers that the items' tasks reported, by whomever; who closes one names no task of theirs.
CREATE OR REPLACE TEMP TABLE blocker_word AS
WITH reported AS (FROM report SEMI JOIN own_blocker USING (project_id, blocker_id)),
asked AS (
    SELECT project_id, blocker_id, task_id, min((occurred_at, event_source, event_id)) AS first_reported
    FROM reported GROUP BY ALL
)
SELECT project_id, blocker_id, task, NOT resolved AS open, false AS by_person, occurred_at, event_source, event_id
FROM reported
UNION ALL
-- A task that reports the blocker only later had nothing to do with it when it was completed.
SELECT project_id, a.blocker_id, NULL, false, false, d.occurred_at, d.event_source, d.event_id
FROM asked a JOIN task_word d USING (project_id, task_id)
WHERE d.event_type = 'task_completed' AND (d.occurred_at, d.event_source, d.event_id) > a.first_reported
UNION ALL
SELECT project_id, blocker_id, NULL, false, true, occurred_at, event_source, event_id
FROM silver.blocker_resolution SEMI JOIN own_blocker USING (project_id, blocker_id);

-- From when until when a report was the last word of an open blocker, for the items of the task that it names.
CREATE OR REPLACE TEMP TABLE stuck AS
SELECT o.item_id, s.occurred_at, s.until, s.event_source, s.event_id
FROM (
    SELECT *, lead(occurred_at, 1, 'infinity'::TIMESTAMPTZ) OVER (
        PARTITION BY project_id, blocker_id ORDER BY occurred_at, event_source, event_id) AS until
    FROM blocker_word
) s JOIN own_task o USING (project_id, task)
WHERE s.open AND s.until > s.occurred_at;

-- All that is told of an item, whoever tells it.
CREATE OR REPLACE TEMP TABLE mark AS
SELECT item_id, coalesce(said_at, occurred_at) AS occurred_at, said_status, NULL AS moved, false AS freed, event_source,
       event_id
FROM telling SEMI JOIN affected USING (item_id)
WHERE event_type <> 'scope_item_deleted'
UNION ALL
SELECT item_id, occurred_at, NULL, CASE WHEN event_type <> 'blocker_identified' THEN event_type END,
       event_type = 'blocker_identified' AND resolved, event_source, event_id
FROM own_word
UNION ALL
SELECT o.item_id, b.occurred_at, NULL, NULL, b.by_person, b.event_source, b.event_id
FROM own_blocker o JOIN blocker_word b USING (project_id, blocker_id);

-- An item at each of its moments, by all that was told until then.
CREATE OR REPLACE TEMP TABLE item_state AS
WITH moment AS (
    SELECT item_id, occurred_at, arg_max(said_status, event_id) FILTER (said_status IS NOT NULL) AS said_status,
           coalesce(bool_or(said_status = 'IN_PROGRESS'), false) OR coalesce(bool_or(moved = 'task_started'), false)
               AS begun,
           arg_max({'moved': moved, 'event_source': event_source, 'event_id': event_id}, (event_source, event_id))
               FILTER (moved IS NOT NULL) AS last,
           bool_or(freed) AS freed, max({'event_source': event_source, 'event_id': event_id}) AS event
    FROM mark GROUP BY item_id, occurred_at
),
known AS (
    SELECT item_id, occurred_at, event, last_value(said_status IGNORE NULLS) OVER line AS said_status,
           max(CASE WHEN said_status IS NOT NULL THEN occurred_at END) OVER line AS said_at,
           last_value(last IGNORE NULLS) OVER line AS last,
           max(CASE WHEN last IS NOT NULL THEN occurred_at END) OVER line AS last_at,
           min(CASE WHEN begun THEN occurred_at END) OVER line AS started_at,
           max(CASE WHEN freed THEN occurred_at END) OVER line AS freed_at
    FROM moment WINDOW line AS (PARTITION BY item_id ORDER BY occurred_at)
),
holding AS (
    SELECT k.item_id, k.occurred_at, max((s.occurred_at, s.event_source, s.event_id)) AS place,
           max(s.occurred_at) AS since
    FROM known k JOIN stuck s ON s.item_id = k.item_id
     AND s.occurred_at <= k.occurred_at AND k.occurred_at < s.until
    GROUP BY k.item_id, k.occurred_at
),
weighed AS (
    SELECT known.*, coalesce(last_at > coalesce(said_at, '-infinity'::TIMESTAMPTZ), false) AS agents_have_the_word,
           coalesce(since > coalesce(said_at, '-infinity'::TIMESTAMPTZ), false)
               AND (last.moved IS DISTINCT FROM 'task_completed'
                    OR place > (last_at, last.event_source, last.event_id)) AS is_stuck
    FROM known LEFT JOIN holding USING (item_id, occurred_at)
),
decided AS (
    SELECT *, CASE
            WHEN is_stuck THEN 'BLOCKED'
            WHEN agents_have_the_word AND last.moved = 'task_completed' THEN 'DONE'
            WHEN agents_have_the_word THEN 'IN_PROGRESS'
            WHEN said_status = 'BLOCKED' AND freed_at > said_at AND started_at IS NOT NULL THEN 'IN_PROGRESS'
            WHEN said_status = 'BLOCKED' AND freed_at > said_at THEN 'TODO'
            ELSE coalesce(said_status, 'TODO')
        END AS status
    FROM weighed
)
SELECT i.project_id, i.item_id, d.occurred_at, d.status, CASE WHEN d.status <> 'TODO' THEN d.started_at END AS started_at,
       CASE WHEN d.status = 'DONE' THEN CASE WHEN d.agents_have_the_word THEN d.last_at ELSE d.said_at END END
           AS completed_at,
       d.event
FROM decided d JOIN known_item i USING (item_id)
WHERE d.occurred_at >= i.added_at AND (i.removed_at IS NULL OR d.occurred_at < i.removed_at);

-- Where somebody signs in who is also in the histories, both are one person.
CREATE OR REPLACE TEMP TABLE assigned AS
SELECT i.project_id, i.item_id,
       CASE WHEN i.assignee_type = 'USER' THEN CASE WHEN a.person_id IS NULL THEN i.assignee_id
            ELSE coalesce(a.pseudonym_id, a.person_id) END END AS person_id,
       CASE WHEN i.assignee_type = 'AGENT' THEN i.assignee_id END AS agent_id
FROM known_item i LEFT JOIN silver.account a ON a.user_id = i.assignee_id
WHERE i.item_id IN (SELECT item_id FROM affected);

CREATE OR REPLACE TEMP TABLE fresh AS
WITH turned AS (
    SELECT item_id, occurred_at, event, row_number() OVER line = 1 OR status <> lag(status) OVER line AS turns
    FROM item_state WINDOW line AS (PARTITION BY item_id ORDER BY occurred_at)
),
current_state AS (
    SELECT item_id, arg_max({'status': status, 'started_at': started_at, 'completed_at': completed_at}, occurred_at) AS s
    FROM item_state GROUP BY item_id
),
since AS (SELECT item_id, max(occurred_at) AS at_, arg_max(event, occurred_at) AS event FROM turned WHERE turns GROUP BY item_id)
SELECT i.project_id, i.item_id, i.key, c.s.status AS status, w.at_ AS status_since, i.added_at,
       c.s.started_at AS started_at, c.s.completed_at AS completed_at,
       CASE WHEN c.s.status = 'CANCELLED' THEN w.at_ END AS cancelled_at, i.removed_at, i.start_date, i.end_date,
       a.person_id, a.agent_id, NULL::VARCHAR AS agent_type, w.event.event_source AS event_source, w.event.event_id AS event_id
FROM known_item i
JOIN assigned a USING (project_id, item_id)
LEFT JOIN current_state c USING (item_id) LEFT JOIN since w USING (item_id);
