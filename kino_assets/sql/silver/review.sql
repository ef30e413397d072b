-- Reviews, a row each by GitHub's id: who gave it and what it says. It answers a request to its author that was neither
-- taken back nor answered before it, or, where it is their first of the pull request, that the pull request was ready.
CREATE OR REPLACE TEMP TABLE reviewed_pull_request AS
SELECT DISTINCT n.repository_id, try_cast(body ->> '$.pull_request.number' AS BIGINT) AS number
FROM window_event JOIN repository_name n USING (repository)
WHERE source = 'github' AND type IN ('pull_request', 'pull_request_review');

CREATE OR REPLACE TEMP TABLE told AS
SELECT n.repository_id, try_cast(body ->> '$.pull_request.number' AS BIGINT) AS number,
       coalesce(body ->> '$.review.id', event_id) AS review_id, (body ->> '$.action') AS action,
       (body ->> '$.review.user.login') AS login, lower(body ->> '$.review.state') AS state,
       try_cast(body ->> '$.review.submitted_at' AS TIMESTAMPTZ) AS submitted_at,
       coalesce(lower(body ->> '$.pull_request.user.login') = lower(login), false) AS own,
       source AS event_source, event_id
FROM window_event JOIN repository_name n USING (repository)
WHERE source = 'github' AND type = 'pull_request_review'
  AND number IS NOT NULL AND login IS NOT NULL AND submitted_at IS NOT NULL;

-- What is told of a review later, that it was edited or dismissed, does not change what it said.
CREATE OR REPLACE TEMP TABLE said AS
SELECT DISTINCT ON (repository_id, number, review_id) *
FROM (
    SELECT repository_id, number, review_id, action, login, state, submitted_at, own, event_source, event_id
    FROM silver.review SEMI JOIN reviewed_pull_request USING (repository_id, number)
    UNION ALL BY NAME FROM told
)
ORDER BY repository_id, number, review_id, coalesce(action = 'submitted', false) DESC, event_id;

CREATE OR REPLACE TEMP TABLE affected AS SELECT repository_id, number, review_id FROM said;
CREATE OR REPLACE TEMP TABLE fresh AS
WITH word AS (
    SELECT repository_id, number, login, occurred_at, last(requested ORDER BY event_id) AS requested
    FROM silver.review_request SEMI JOIN reviewed_pull_request USING (repository_id, number)
    GROUP BY repository_id, number, login, occurred_at
),
answer AS (
    SELECT s.*, i.kind AS author_kind, i.person_id, i.agent_id, i.agent_type,
           CASE WHEN w.requested THEN w.occurred_at END AS requested_at, g.ready_at,
           -- What was said of a draft was no answer to its being ready.
           row_number() OVER (PARTITION BY s.repository_id, s.number, s.login, coalesce(s.submitted_at < g.ready_at, false)
                              ORDER BY s.submitted_at, s.review_id) = 1 AS is_first
    FROM said s
    JOIN silver.identity i ON i.login = s.login
    LEFT JOIN silver.github_pull_request g ON g.repository_id = s.repository_id AND g.number = s.number
    ASOF LEFT JOIN word w
        ON w.repository_id = s.repository_id AND w.number = s.number AND w.login = s.login
       AND w.occurred_at < s.submitted_at
)
SELECT repository_id, number, review_id, action, login, state, submitted_at, own, author_kind, person_id, agent_id,
       agent_type, coalesce(requested_at, CASE WHEN is_first AND ready_at <= submitted_at THEN ready_at END) AS asked_at,
       NOT own AND (requested_at IS NOT NULL OR (is_first AND coalesce(ready_at <= submitted_at, true))) AS answers,
       event_source, event_id
FROM answer;
