-- Every measurement once in each scope that it counts in, on its day in that scope's time zone.
-- What belongs to no project yet counts nowhere.
CREATE OR REPLACE TEMP VIEW scoped_measurement AS
WITH placed AS (
    SELECT m.*, p.project_id, p.initiative_id, p.time_zone
    FROM measurement m
    LEFT JOIN silver.repository r ON r.repository_id = m.repository_id
    JOIN silver.project p ON p.project_id = coalesce(m.fact_project_id, r.project_id)
),
scoped AS (
    SELECT *, 'portfolio' AS scope_type, 'all' AS scope_id, 'UTC' AS scope_time_zone FROM placed
    UNION ALL
    SELECT *, 'initiative', initiative_id::VARCHAR, 'UTC' FROM placed WHERE initiative_id IS NOT NULL
    UNION ALL
    SELECT *, 'project', project_id::VARCHAR, time_zone FROM placed
    UNION ALL
    SELECT *, 'repository', repository_id::VARCHAR, time_zone FROM placed WHERE repository_id IS NOT NULL
    UNION ALL
    SELECT *, 'person', person_id::VARCHAR, 'UTC' FROM placed WHERE person_id IS NOT NULL
    UNION ALL
    SELECT *, 'agent', agent_id::VARCHAR, 'UTC' FROM placed WHERE agent_id IS NOT NULL
    UNION ALL
    SELECT *, 'agent_type', agent_type, 'UTC' FROM placed WHERE agent_type IS NOT NULL
)
SELECT metric, version, kind, fact, entity, entity_key, repository_id, project_id, person_id, scope_type, scope_id, occurred_at,
       CAST(timezone(scope_time_zone, occurred_at) AS DATE) AS day,
       numerator, denominator, upper, event_source, event_id
FROM scoped;
