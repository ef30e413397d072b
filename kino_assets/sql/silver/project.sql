-- Projects by their latest word: the log may tell of one in any order. That one was deleted is its last word, whatever
-- else comes later: nothing that belongs to it counts any more.
CREATE OR REPLACE TEMP TABLE told AS
SELECT (body ->> '$.project_id')::UUID AS project_id,
       (body ->> '$.name') AS name,
       (body ->> '$.initiative_id')::UUID AS initiative_id,
       coalesce(body ->> '$.time_zone', 'UTC') AS time_zone,
       try_cast((body ->> '$.start_date') AS DATE) AS start_date,
       try_cast((body ->> '$.end_date') AS DATE) AS end_date,
       coalesce((body ->> '$.archived') = 'true', false) AS archived,
       occurred_at AS told_at,
       event_id AS told_id
FROM window_event
WHERE source = 'kino' AND type IN ('project_created', 'project_changed');

INSERT INTO silver.deleted_project
SELECT DISTINCT (body ->> '$.project_id')::UUID AS project_id
FROM window_event
WHERE source = 'kino' AND type = 'project_deleted'
  AND (body ->> '$.project_id')::UUID NOT IN (SELECT project_id FROM silver.deleted_project);

CREATE OR REPLACE TEMP TABLE affected AS
SELECT project_id FROM told UNION SELECT project_id FROM silver.project SEMI JOIN silver.deleted_project USING (project_id);
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT DISTINCT ON (project_id) *
FROM (FROM silver.project SEMI JOIN affected USING (project_id) UNION ALL BY NAME FROM told)
     ANTI JOIN silver.deleted_project USING (project_id)
ORDER BY project_id, told_at DESC, told_id DESC;
