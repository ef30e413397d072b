-- Requests for reviews and what ends them, a row an event. A request to a team is nobody's.
CREATE OR REPLACE TEMP TABLE fresh AS
WITH told AS (
    SELECT repository, event_id, type, body ->> '$.action' AS action,
           try_cast(body ->> '$.pull_request.number' AS BIGINT) AS number,
           body ->> '$.requested_reviewer.login' AS reviewer, body ->> '$.review.user.login' AS author,
           try_cast(body ->> '$.pull_request.updated_at' AS TIMESTAMPTZ) AS updated_at,
           try_cast(body ->> '$.review.submitted_at' AS TIMESTAMPTZ) AS submitted_at
    FROM window_event WHERE source = 'github' AND type IN ('pull_request', 'pull_request_review')
)
SELECT n.repository_id, t.number, CASE WHEN type = 'pull_request' THEN reviewer ELSE author END AS login,
       action = 'review_requested' AS requested,
       CASE WHEN type = 'pull_request' THEN updated_at ELSE submitted_at END AS occurred_at,
       'github' AS event_source, event_id
FROM told t JOIN repository_name n USING (repository)
WHERE ((type = 'pull_request' AND action IN ('review_requested', 'review_request_removed'))
       OR (type = 'pull_request_review' AND action = 'submitted'))
  AND number IS NOT NULL AND login IS NOT NULL AND occurred_at IS NOT NULL;
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
