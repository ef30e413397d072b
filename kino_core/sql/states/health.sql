-- The signs that a project's health is judged by, told apart by `reason`.
WITH blocker AS (
    SELECT a.place, a.moment, b.project_id, b.blocker_id, sum(b.change) AS open,
           arg_max({'at': b.occurred_at, 'source': b.event_source, 'id': b.event_id},
                   (b.occurred_at, b.event_source, b.event_id)) FILTER (b.change = 1) AS opened
    FROM silver.blocker_change b
    JOIN asked_state a ON a.scope_type = 'project' AND a.scope_id = b.project_id::VARCHAR AND b.occurred_at <= a.moment
    GROUP BY a.place, a.moment, b.project_id, b.blocker_id
),
activity AS (
    SELECT project_id, occurred_at, event_source, event_id FROM silver.agent_activity
    UNION ALL
    SELECT r.project_id, c.committed_at, c.event_source, c.event_id
    FROM silver.commit c JOIN silver.repository r USING (repository_id)
),
latest_activity AS (
    SELECT a.place, t.project_id,
           max({'at': t.occurred_at, 'source': t.event_source, 'id': t.event_id}) AS latest
    FROM activity t
    JOIN asked_state a ON a.scope_type = 'project' AND a.scope_id = t.project_id::VARCHAR AND t.occurred_at <= a.moment
    GROUP BY a.place, t.project_id
),
dependency AS (
    SELECT a.place, a.moment, d.*
    FROM silver.dependency d
    JOIN asked_state a ON a.scope_type = 'project' AND a.scope_id = d.project_id::VARCHAR
        AND d.added_at <= a.moment AND (d.removed_at IS NULL OR d.removed_at > a.moment)
),
waited_for AS (
    SELECT d.place, d.moment, d.dependency_id, d.project_id, d.depends_on_item_id, d.added_at, d.event_source, d.event_id,
           any_value(k.name) AS name, any_value(k.time_zone) AS time_zone,
           arg_max({'status': s.status, 'end_date': s.end_date, 'archived': s.archived}, (s.told_at, s.event_id)) AS plan
    FROM dependency d
    JOIN known_project k ON k.project_id = d.depends_on_project_id
    JOIN silver.project_status s ON s.project_id = k.project_id AND s.told_at <= d.moment
    GROUP BY ALL
),
item_waited_for AS (
    SELECT d.place, d.dependency_id, any_value(i.end_date) AS end_date,
           arg_max(c.status, (c.occurred_at, c.event_source, c.event_id)) AS status
    FROM dependency d
    JOIN silver.scope_item i ON i.item_id = d.depends_on_item_id
    JOIN silver.scope_change c ON c.item_id = i.item_id AND c.occurred_at <= d.moment
    GROUP BY d.place, d.dependency_id
)
SELECT place, 'blocker ' || blocker_id AS entity, project_id, opened.source AS event_source, opened.id AS event_id,
       opened.at AS occurred_at, true AS counted, 1 AS numerator, 'blocker' AS reason
FROM blocker WHERE open > 0
UNION ALL
SELECT place, 'latest activity', project_id, latest.source, latest.id, latest.at, true, 1, 'activity' FROM latest_activity
UNION ALL
SELECT w.place, 'dependency on ' || name, project_id, event_source, event_id, added_at, true, 1, 'slipping'
FROM waited_for w LEFT JOIN item_waited_for i ON i.place = w.place AND i.dependency_id = w.dependency_id
WHERE NOT w.plan.archived AND w.plan.status IS DISTINCT FROM 'COMPLETED'
  AND CASE WHEN depends_on_item_id IS NULL THEN w.plan.end_date
           WHEN i.status NOT IN ('DONE', 'CANCELLED', 'REMOVED') THEN i.end_date
      END < timezone(time_zone, moment)::DATE
UNION ALL
SELECT place, plan.status, project_id, turn.source, turn.id, plan.since, true, 1, 'said'
FROM asked_project WHERE scope_type = 'project' AND plan.status IS NOT NULL
UNION ALL
SELECT * REPLACE (false AS counted) FROM forecast_row
