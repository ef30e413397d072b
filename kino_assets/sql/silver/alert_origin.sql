-- Where alerts came from and where they went: the pull request of the first and of the last detection, named by its
-- reference or found by the commit.
CREATE OR REPLACE TEMP TABLE fresh AS
WITH alert AS (
    SELECT repository_id, tool, number, min(created_at) AS created_at,
           arg_min({'source': event_source, 'id': event_id, 'action': action, 'pull_request': pull_request, 'sha': sha},
                   (coalesce(action = 'created', false)::INTEGER * -1, occurred_at, event_id)) AS opening,
           arg_max({'source': event_source, 'id': event_id, 'action': action, 'open': open, 'at': occurred_at,
                    'pull_request': pull_request, 'sha': sha},
                   (occurred_at, (NOT open)::INTEGER, event_id)) AS closing
    FROM alert_word GROUP BY repository_id, tool, number
),
detection AS (
    SELECT repository_id, tool, number, 'introduced' AS role, created_at AS occurred_at,
           -- What was heard of later only says where it was seen then.
           CASE WHEN opening.action = 'created' THEN opening.pull_request END AS named,
           CASE WHEN opening.action = 'created' THEN opening.sha END AS sha,
           opening.source AS event_source, opening.id AS event_id
    FROM alert WHERE created_at IS NOT NULL
    UNION ALL
    SELECT repository_id, tool, number, 'fixed', closing.at, closing.pull_request, closing.sha, closing.source, closing.id
    FROM alert WHERE closing.action = 'fixed' AND NOT closing.open
),
of_commit AS (
    SELECT repository_id, sha, min(number) AS pull_request FROM pull_request_sha GROUP BY repository_id, sha
)
SELECT d.repository_id, d.tool, d.number, d.role, d.occurred_at, coalesce(d.named, c.pull_request) AS pull_request,
       p.person_id, p.agent_id, p.agent_type, d.event_source, d.event_id
FROM detection d
LEFT JOIN of_commit c ON c.repository_id = d.repository_id AND c.sha = d.sha
LEFT JOIN known_pull_request p
    ON p.repository_id = d.repository_id AND p.number = coalesce(d.named, c.pull_request);

CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT repository_id, tool, number FROM alert_word;
