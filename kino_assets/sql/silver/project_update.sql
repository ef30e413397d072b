-- What people wrote of projects: as it was told last, in whatever order that came. What was deleted stays so.
CREATE OR REPLACE TEMP TABLE told AS
SELECT try_cast((body ->> '$.update_id') AS UUID) AS update_id, try_cast((body ->> '$.project_id') AS UUID) AS project_id,
       try_cast((body ->> '$.period_start') AS DATE) AS period_start,
       try_cast((body ->> '$.period_end') AS DATE) AS period_end, (body ->> '$.overall_status') AS overall_status,
       CASE WHEN type = 'update_submitted' THEN occurred_at END AS written_at,
       CASE WHEN type = 'update_deleted' THEN occurred_at END AS removed_at,
       CASE WHEN type <> 'update_deleted' THEN occurred_at END AS told_at, source AS event_source, event_id
FROM window_event
WHERE source = 'kino' AND type IN ('update_submitted', 'update_changed', 'update_deleted')
  AND try_cast((body ->> '$.update_id') AS UUID) IS NOT NULL;

CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT update_id FROM told;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT * REPLACE (min(written_at) OVER one AS written_at, min(removed_at) OVER one AS removed_at)
FROM (FROM silver.project_update SEMI JOIN affected USING (update_id) UNION ALL BY NAME FROM told)
WINDOW one AS (PARTITION BY update_id)
QUALIFY row_number() OVER (PARTITION BY update_id ORDER BY told_at DESC NULLS LAST, event_id DESC) = 1;
