-- Pushes to branches that may become pull requests, a row a push: what it went on from, where it went to, and what its
-- commits tell of who wrote them and since when.
CREATE OR REPLACE TEMP TABLE fresh AS
WITH signed AS (
    SELECT event_id, authored_at, sha, 0 AS tier, author_name AS name, author_email AS email, made_with_cursor
    FROM window_branch_commit
    UNION ALL
    SELECT event_id, authored_at, sha, tier, c.name, c.email, false
    FROM (SELECT event_id, authored_at, sha, unnest(co_authors) AS c, generate_subscripts(co_authors, 1) AS tier
          FROM window_branch_commit)
),
written AS (
    SELECT s.event_id, min(s.authored_at) AS first_authored_at,
           arg_min(coalesce(i.agent_id, k.agent_id), (s.authored_at, s.sha, s.tier)) AS agent_id,
           arg_min(coalesce(i.agent_type, k.agent_type), (s.authored_at, s.sha, s.tier)) AS agent_type
    FROM signed s
    LEFT JOIN silver.identity i ON i.name = s.name AND i.email = s.email
    LEFT JOIN known_agent k ON s.made_with_cursor AND k.name = 'cursor'
    GROUP BY s.event_id
)
SELECT n.repository_id, lower(e.body ->> '$.before') AS old_head, lower(e.body ->> '$.after') AS new_head,
       w.first_authored_at, w.agent_id, w.agent_type, e.source AS event_source, e.event_id
FROM window_event e
JOIN repository_name n USING (repository)
LEFT JOIN written w USING (event_id)
WHERE e.source = 'github' AND e.type = 'push' AND starts_with(e.body ->> '$.ref', 'refs/heads/')
  AND (e.body ->> '$.ref') <> 'refs/heads/' || (e.body ->> '$.repository.default_branch')
  -- Of a branch that is deleted the new head is all zeros.
  AND old_head IS NOT NULL AND trim(new_head, '0') <> '';
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
