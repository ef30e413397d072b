-- Commits that were a pull request's newest, and since when, as far as deliveries tell.
CREATE OR REPLACE TEMP TABLE told AS
SELECT n.repository_id, try_cast(body ->> '$.pull_request.number' AS BIGINT) AS number,
       lower(body ->> '$.pull_request.head.sha') AS sha,
       try_cast(body ->> '$.pull_request.updated_at' AS TIMESTAMPTZ) AS since
FROM window_event JOIN repository_name n USING (repository)
WHERE source = 'github' AND type = 'pull_request' AND (body ->> '$.pull_request.head.sha') IS NOT NULL
  AND try_cast(body ->> '$.pull_request.number' AS BIGINT) IS NOT NULL;
CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT repository_id, number, sha FROM told;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT repository_id, number, sha, min(since) AS since
FROM (FROM silver.pull_request_head SEMI JOIN affected USING (repository_id, number, sha) UNION ALL BY NAME FROM told)
GROUP BY repository_id, number, sha;
