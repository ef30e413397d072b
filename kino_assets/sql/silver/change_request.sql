-- Reviews of this window by which people asked for changes.
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT n.repository_id, try_cast(body ->> '$.pull_request.number' AS BIGINT) AS number, source AS event_source, event_id
FROM window_event JOIN repository_name n USING (repository)
WHERE source = 'github' AND type = 'pull_request_review' AND (body ->> '$.action') = 'submitted'
  AND lower(body ->> '$.review.state') = 'changes_requested' AND (body ->> '$.review.user.type') = 'User'
  AND try_cast(body ->> '$.pull_request.number' AS BIGINT) IS NOT NULL;
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
