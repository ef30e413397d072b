-- What GitHub last said of each pull request: the latest event wins, in whatever order they came.
-- A delivery without the number or its time cannot be placed and tells nothing.
CREATE OR REPLACE TEMP TABLE told AS
SELECT n.repository_id,
       try_cast(body ->> '$.pull_request.number' AS BIGINT) AS number,
       (body ->> '$.pull_request.title') AS title,
       (body ->> '$.pull_request.user.login') AS login,
       (body ->> '$.pull_request.head.ref') AS branch,
       coalesce(body ->> '$.pull_request.labels[*].name', []) AS labels,
       try_cast(body ->> '$.pull_request.created_at' AS TIMESTAMPTZ) AS opened_at,
       CASE WHEN (body ->> '$.action') = 'ready_for_review' THEN try_cast(body ->> '$.pull_request.updated_at' AS TIMESTAMPTZ)
            WHEN (body ->> '$.action') = 'opened' AND (body ->> '$.pull_request.draft') = 'false'
                THEN try_cast(body ->> '$.pull_request.created_at' AS TIMESTAMPTZ)
       END AS ready_at,
       try_cast(body ->> '$.pull_request.merged_at' AS TIMESTAMPTZ) AS merged_at,
       try_cast(body ->> '$.pull_request.closed_at' AS TIMESTAMPTZ) AS closed_at,
       (body ->> '$.pull_request.merge_commit_sha') AS merge_sha,
       (try_cast(body ->> '$.pull_request.additions' AS BIGINT) + try_cast(body ->> '$.pull_request.deletions' AS BIGINT)) AS lines,
       try_cast(body ->> '$.pull_request.updated_at' AS TIMESTAMPTZ) AS told_at,
       event_id
FROM window_event JOIN repository_name n USING (repository)
WHERE source = 'github' AND type = 'pull_request' AND try_cast(body ->> '$.pull_request.number' AS BIGINT) IS NOT NULL
  AND try_cast(body ->> '$.pull_request.updated_at' AS TIMESTAMPTZ) IS NOT NULL;

CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT repository_id, number FROM told;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT * REPLACE (min(ready_at) OVER (PARTITION BY repository_id, number) AS ready_at)
FROM (FROM silver.github_pull_request SEMI JOIN affected USING (repository_id, number) UNION ALL BY NAME FROM told)
QUALIFY row_number() OVER (PARTITION BY repository_id, number ORDER BY told_at DESC, event_id DESC) = 1;
