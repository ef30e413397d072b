-- What was told of projects each time, and since when the status had been what it was then.
CREATE OR REPLACE TEMP TABLE told AS
SELECT try_cast((body ->> '$.project_id') AS UUID) AS project_id, (body ->> '$.status') AS status,
       NULL::TIMESTAMPTZ AS since, try_cast((body ->> '$.start_date') AS DATE) AS start_date,
       try_cast((body ->> '$.end_date') AS DATE) AS end_date, coalesce((body ->> '$.archived') = 'true', false) AS archived,
       occurred_at AS told_at, source AS event_source, event_id
FROM window_event
WHERE source = 'kino' AND type IN ('project_created', 'project_changed')
  AND try_cast((body ->> '$.project_id') AS UUID) IS NOT NULL;

CREATE OR REPLACE TEMP TABLE fresh AS
WITH every AS (
    FROM silver.project_status SEMI JOIN told USING (project_id) UNION ALL BY NAME FROM told
),
turned AS (
    SELECT *, row_number() OVER line = 1 OR status IS DISTINCT FROM lag(status) OVER line AS turns
    FROM every WINDOW line AS (PARTITION BY project_id ORDER BY told_at, event_id)
)
SELECT * EXCLUDE (turns) REPLACE (
    max(CASE WHEN turns THEN told_at END) OVER (PARTITION BY project_id ORDER BY told_at, event_id) AS since)
FROM turned;
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
