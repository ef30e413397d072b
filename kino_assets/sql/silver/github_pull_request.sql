-- What GitHub last said of each pull request: the latest event wins, in whatever order they came.
CREATE OR REPLACE TEMP TABLE told AS
SELECT n.repository_id,
       (body ->> '$.pull_request.number')::BIGINT AS number,
       (body ->> '$.pull_request.title') AS title,
       (body ->> '$.pull_request.user.login') AS login,
       (body ->> '$.pull_request.head.ref') AS branch,
       coalesce(body ->> '$.pull_request.labels[*].name', []) AS labels,
       (body ->> '$.pull_request.created_at')::TIMESTAMPTZ AS opened_at,
       CASE WHEN (body ->> '$.action') = 'ready_for_review' THEN (body ->> '$.pull_request.updated_at')::TIMESTAMPTZ
            WHEN (body ->> '$.action') = 'opened' AND (body ->> '$.pull_request.draft') = 'false'
                THEN (body ->> '$.pull_request.created_at')::TIMESTAMPTZ
       END AS ready_at,
       (body ->> '$.pull_request.merged_at')::TIMESTAMPTZ AS merged_at,
       (body ->> '$.pull_request.closed_at')::TIMESTAMPTZ AS closed_at,
       (body ->> '$.pull_request.merge_commit_sha') AS merge_sha,
       ((body ->> '$.pull_request.additions')::BIGINT + (body ->> '$.pull_request.deletions')::BIGINT) AS lines,
       (body ->> '$.pull_request.updated_at')::TIMESTAMPTZ AS told_at,
       event_id
FROM window_event JOIN repository_name n USING (repository)
WHERE source = 'github' AND type = 'pull_request' AND (body ->> '$.pull_request.number') IS NOT NULL;

CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT repository_id, number FROM told;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT * REPLACE (min(ready_at) OVER (PARTITION BY repository_id, number) AS ready_at)
FROM (FROM silver.github_pull_request SEMI JOIN affected USING (repository_id, number) UNION ALL BY NAME FROM told)
QUALIFY row_number() OVER (PARTITION BY repository_id, number ORDER BY told_at DESC, event_id DESC) = 1;
