-- Every repository that an event named, and the project it is connected to, if any.
CREATE OR REPLACE TEMP TABLE told AS
SELECT n.repository_id,
       e.repository AS full_name,
       (CASE WHEN e.source = 'kino' THEN (e.body ->> '$.project_id') END)::UUID AS project_id,
       CASE WHEN e.source = 'kino' THEN e.occurred_at ELSE TIMESTAMPTZ '1970-01-01 00:00:00+00' END AS told_at,
       CASE WHEN e.source = 'kino' THEN e.event_id ELSE '' END AS told_id
FROM window_event e JOIN repository_name n USING (repository);

CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT repository_id FROM told;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT DISTINCT ON (repository_id) *
FROM (FROM silver.repository SEMI JOIN affected USING (repository_id) UNION ALL BY NAME FROM told)
-- The name breaks the tie between events that only mention the repository, in whatever case.
ORDER BY repository_id, told_at DESC, told_id DESC, full_name;
