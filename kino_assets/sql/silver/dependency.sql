-- What waits for what, and until when it did.
CREATE OR REPLACE TEMP TABLE told AS
SELECT try_cast((body ->> '$.dependency_id') AS UUID) AS dependency_id,
       try_cast((body ->> '$.project_id') AS UUID) AS project_id, try_cast((body ->> '$.item_id') AS UUID) AS item_id,
       try_cast((body ->> '$.depends_on_project_id') AS UUID) AS depends_on_project_id,
       try_cast((body ->> '$.depends_on_item_id') AS UUID) AS depends_on_item_id,
       CASE WHEN type = 'dependency_created' THEN occurred_at END AS added_at,
       CASE WHEN type = 'dependency_deleted' THEN occurred_at END AS removed_at, source AS event_source, event_id
FROM window_event
WHERE source = 'kino' AND type IN ('dependency_created', 'dependency_deleted')
  AND try_cast((body ->> '$.dependency_id') AS UUID) IS NOT NULL;

CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT dependency_id FROM told;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT * REPLACE (min(removed_at) OVER (PARTITION BY dependency_id) AS removed_at)
FROM (FROM silver.dependency SEMI JOIN affected USING (dependency_id) UNION ALL BY NAME FROM told)
QUALIFY row_number() OVER (PARTITION BY dependency_id ORDER BY added_at NULLS LAST, event_id) = 1;
