-- Commits that this window's deliveries name as the head of a pull request.
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT DISTINCT n.repository_id, try_cast(body ->> '$.pull_request.number' AS BIGINT) AS number,
       lower(body ->> '$.pull_request.head.sha') AS sha
FROM window_event JOIN repository_name n USING (repository)
WHERE source = 'github' AND type = 'pull_request' AND (body ->> '$.pull_request.head.sha') IS NOT NULL
  AND try_cast(body ->> '$.pull_request.number' AS BIGINT) IS NOT NULL;
CREATE OR REPLACE TEMP TABLE affected AS SELECT repository_id, number, sha FROM fresh;
