-- What people said of scope items, a row an event.
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT project_id, try_cast((body ->> '$.item_id') AS UUID) AS item_id, type AS event_type, occurred_at,
       -- A status can hold from a moment to come, because agents' clocks are ahead: what was said last is told by this.
       coalesce(try_cast((body ->> '$.updated_at') AS TIMESTAMPTZ), occurred_at) AS told_at,
       (body ->> '$.key') AS key, try_cast((body ->> '$.start_date') AS DATE) AS start_date,
       try_cast((body ->> '$.end_date') AS DATE) AS end_date, (body ->> '$.assignee_type') AS assignee_type,
       try_cast((body ->> '$.assignee_id') AS UUID) AS assignee_id,
       CASE WHEN try_cast((body ->> '$.said_at') AS TIMESTAMPTZ) IS NOT NULL THEN (body ->> '$.said_status') END
           AS said_status,
       try_cast((body ->> '$.said_at') AS TIMESTAMPTZ) AS said_at, source AS event_source, event_id
FROM window_event
WHERE source = 'kino' AND type IN ('scope_item_created', 'scope_item_changed', 'scope_item_deleted')
  AND project_id IS NOT NULL AND try_cast((body ->> '$.item_id') AS UUID) IS NOT NULL;
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
