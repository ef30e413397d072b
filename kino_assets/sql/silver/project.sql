-- Projects by their latest word: the log may tell of one in any order.
CREATE OR REPLACE TEMP TABLE told AS
SELECT (body ->> '$.project_id')::UUID AS project_id,
       (body ->> '$.name') AS name,
       (body ->> '$.initiative_id')::UUID AS initiative_id,
       coalesce(body ->> '$.time_zone', 'UTC') AS time_zone,
       occurred_at AS told_at,
       event_id AS told_id
FROM window_event
WHERE source = 'kino' AND type LIKE 'project\_%' ESCAPE '\';

CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT project_id FROM told;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT DISTINCT ON (project_id) *
FROM (FROM silver.project SEMI JOIN affected USING (project_id) UNION ALL BY NAME FROM told)
ORDER BY project_id, told_at DESC, told_id DESC;
