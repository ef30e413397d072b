-- Coverage of commits that this window tells of: by agents (`coverage_percent` is of 100, `coverage` of 100 or, up to 1,
-- a share), and by Codecov, whose check and status on the whole project begin with the percentage. What lies outside
-- 0 to 100 percent tells nothing.
CREATE OR REPLACE TEMP TABLE fresh AS
WITH said AS (
    SELECT project_id, repository, lower(coalesce(body ->> '$.commit_sha', body ->> '$.data.commit_sha')) AS sha,
           try_cast(body ->> '$.data.coverage_percent' AS DOUBLE) AS percent,
           try_cast(body ->> '$.data.coverage' AS DOUBLE) AS plain,
           occurred_at, source AS event_source, event_id
    FROM window_event
    WHERE source = 'agent' AND type = 'test_execution' AND project_id IS NOT NULL
    UNION ALL
    SELECT NULL, repository, lower(coalesce(body ->> '$.check_run.head_sha', body ->> '$.sha')),
           try_cast(regexp_extract(coalesce(body ->> '$.check_run.output.title', body ->> '$.description'),
                                   '^(\d+(\.\d+)?)%', 1) AS DOUBLE), NULL,
           coalesce(try_cast(body ->> '$.check_run.completed_at' AS TIMESTAMPTZ),
                    try_cast(body ->> '$.updated_at' AS TIMESTAMPTZ),
                    try_cast(body ->> '$.created_at' AS TIMESTAMPTZ), occurred_at),
           source, event_id
    FROM window_event
    WHERE source = 'github' AND type IN ('check_run', 'status') AND repository IS NOT NULL
      AND coalesce(body ->> '$.check_run.name', body ->> '$.context') = 'codecov/project'
),
told AS (
    SELECT *, coalesce(percent / 100, CASE WHEN plain <= 1 THEN plain ELSE plain / 100 END) AS coverage FROM said
)
SELECT n.repository_id, told.project_id, told.sha, told.coverage, told.occurred_at, told.event_source, told.event_id
FROM told LEFT JOIN repository_name n USING (repository)
WHERE told.coverage BETWEEN 0 AND 1 AND told.sha IS NOT NULL;
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
CREATE OR REPLACE TEMP TABLE window_coverage AS SELECT repository_id, project_id FROM fresh;
