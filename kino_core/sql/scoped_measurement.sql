-- Every measurement once in each scope that it counts in, on its day in that scope's time zone.
-- What belongs to no project yet counts nowhere.
CREATE OR REPLACE TEMP VIEW scoped_measurement AS
WITH placed AS (
    SELECT m.*, p.project_id, p.initiative_id, p.time_zone
    FROM measurement m
    LEFT JOIN {repositories} r ON r.repository_id = m.repository_id
    JOIN {projects} p ON p.project_id = coalesce(m.fact_project_id, r.project_id)
),
-- One pass over the measurements for all scopes at once.
scoped AS (
    SELECT placed.*, scope_type,
           CASE scope_type
               WHEN 'portfolio' THEN 'all'
               WHEN 'initiative' THEN initiative_id::VARCHAR
               WHEN 'project' THEN project_id::VARCHAR
               WHEN 'repository' THEN repository_id::VARCHAR
               WHEN 'person' THEN person_id::VARCHAR
               WHEN 'agent' THEN agent_id::VARCHAR
               WHEN 'agent_type' THEN agent_type
           END AS scope_id,
           CASE WHEN scope_type IN ('project', 'repository') THEN time_zone ELSE 'UTC' END AS scope_time_zone
    FROM placed, (VALUES ('portfolio'), ('initiative'), ('project'), ('repository'), ('person'), ('agent'),
        ('agent_type')) AS s(scope_type)
)
SELECT metric, version, kind, fact, entity, entity_key, repository_id, project_id, person_id, scope_type, scope_id, occurred_at,
       CAST(timezone(scope_time_zone, occurred_at) AS DATE) AS day,
       numerator, denominator, upper, event_source, event_id
FROM scoped
WHERE scope_id IS NOT NULL;
