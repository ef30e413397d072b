-- Checks of GitHub and named suites of agents, by commit: when each first passed, and when it first failed.
CREATE OR REPLACE TEMP TABLE told AS
WITH result AS (
    SELECT n.repository_id AS place_id, (body ->> '$.check_run.name') AS name, (body ->> '$.check_run.head_sha') AS sha,
           n.repository_id, NULL::UUID AS project_id,
           CASE body ->> '$.check_run.conclusion' WHEN 'success' THEN true WHEN 'failure' THEN false
               WHEN 'timed_out' THEN false END AS passed,
           coalesce(try_cast(body ->> '$.check_run.completed_at' AS TIMESTAMPTZ), occurred_at) AS told_at,
           source AS event_source, event_id
    FROM window_event JOIN repository_name n USING (repository)
    WHERE source = 'github' AND type = 'check_run' AND (body ->> '$.check_run.status') = 'completed'
    UNION ALL
    SELECT project_id, (body ->> '$.data.suite'), coalesce(body ->> '$.commit_sha', body ->> '$.data.commit_sha'),
           NULL, project_id,
           CASE WHEN try_cast(body ->> '$.data.failed' AS BIGINT) > 0 THEN false
                WHEN try_cast(body ->> '$.data.failed' AS BIGINT) = 0
                    AND try_cast(body ->> '$.data.passed' AS BIGINT) > 0 THEN true END,
           occurred_at, source, event_id
    FROM window_event
    WHERE source = 'agent' AND type = 'test_execution'
)
SELECT * EXCLUDE (told_at, event_id, passed), CASE WHEN passed THEN told_at END AS passed_at,
       CASE WHEN passed THEN event_id END AS passed_id, CASE WHEN NOT passed THEN told_at END AS failed_at,
       CASE WHEN NOT passed THEN event_id END AS failed_id
FROM result WHERE passed IS NOT NULL AND place_id IS NOT NULL AND name <> '' AND sha <> '';

CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT place_id, name, sha FROM told;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT place_id, name, sha, first(repository_id) AS repository_id, first(project_id) AS project_id,
       min(told.passed_at) AS passed_at, arg_min(told.passed_id, (told.passed_at, told.passed_id)) AS passed_id,
       min(told.failed_at) AS failed_at, arg_min(told.failed_id, (told.failed_at, told.failed_id)) AS failed_id,
       NULL::UUID AS agent_id, NULL::VARCHAR AS agent_type,
       -- The day on which the result changed, or else the first result's.
       coalesce(CASE WHEN min(told.passed_at) > min(told.failed_at) THEN min(told.passed_at) END,
                min(told.failed_at), min(told.passed_at)) AS occurred_at,
       first(event_source) AS event_source,
       CASE WHEN min(told.failed_at) IS NULL OR min(told.passed_at) > min(told.failed_at)
           THEN arg_min(told.passed_id, (told.passed_at, told.passed_id))
           ELSE arg_min(told.failed_id, (told.failed_at, told.failed_id)) END AS event_id
FROM (
    SELECT place_id, name, sha, repository_id, project_id, passed_at, passed_id, failed_at, failed_id, event_source
    FROM silver.tested_commit SEMI JOIN affected USING (place_id, name, sha)
    UNION ALL BY NAME FROM told
) told
GROUP BY place_id, name, sha;
