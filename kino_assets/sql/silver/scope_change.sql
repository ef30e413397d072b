-- How the items of scope_item came to stand as they do. A project's first day is the later one of its start date and the
-- day of its first item: what is in its scope when that day ends is what later changes are compared with.
CREATE OR REPLACE TEMP TABLE baseline AS
SELECT project_id, timezone(time_zone, first_day::TIMESTAMP) AS begins_at,
       timezone(time_zone, (first_day + 1)::TIMESTAMP) AS ends_at
FROM (
    SELECT i.project_id, coalesce(any_value(p.time_zone), 'UTC') AS time_zone,
           greatest(timezone(coalesce(any_value(p.time_zone), 'UTC'), min(i.added_at))::DATE,
                    any_value(p.start_date)) AS first_day
    FROM known_item i LEFT JOIN placed_project p USING (project_id)
    GROUP BY i.project_id
);

CREATE OR REPLACE TEMP TABLE fresh AS
WITH line AS (
    SELECT project_id, item_id, occurred_at, status, started_at, event FROM item_state
    UNION ALL
    SELECT i.project_id, i.item_id, i.removed_at, 'REMOVED', NULL, {'event_source': t.event_source, 'event_id': t.event_id}
    FROM known_item i JOIN telling t USING (item_id)
    WHERE t.event_type = 'scope_item_deleted' AND t.occurred_at = i.removed_at AND i.removed_at >= i.added_at
      AND i.item_id IN (SELECT item_id FROM affected)
),
turned AS (
    FROM line
    WINDOW by_time AS (PARTITION BY item_id ORDER BY occurred_at)
    QUALIFY row_number() OVER by_time = 1 OR status <> lag(status) OVER by_time
         OR started_at IS DISTINCT FROM lag(started_at) OVER by_time
),
counted AS (
    SELECT *, (status NOT IN ('CANCELLED', 'REMOVED'))::INTEGER AS in_scope, (status = 'DONE')::INTEGER AS done,
           (status IN ('IN_PROGRESS', 'BLOCKED'))::INTEGER AS working
    FROM turned
)
SELECT c.project_id, c.item_id, i.key, c.occurred_at, c.status, c.started_at,
       in_scope - coalesce(lag(in_scope) OVER by_time, 0) AS scope,
       done - coalesce(lag(done) OVER by_time, 0) AS completed,
       working - coalesce(lag(working) OVER by_time, 0) AS in_progress,
       b.begins_at AS baseline_at, c.occurred_at >= b.ends_at AS after_baseline,
       a.person_id, a.agent_id, NULL::VARCHAR AS agent_type, c.event.event_source AS event_source, c.event.event_id AS event_id
FROM counted c
JOIN known_item i USING (project_id, item_id)
JOIN assigned a USING (project_id, item_id)
JOIN baseline b USING (project_id)
WINDOW by_time AS (PARTITION BY c.item_id ORDER BY c.occurred_at);
