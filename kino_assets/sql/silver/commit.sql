-- Commits of this window, and every earlier commit of their authors: whether an author worked with an agent in the
-- 30 days before a commit can change when an older commit comes in late.
CREATE OR REPLACE TEMP TABLE signed AS
SELECT repository_id, sha, event_id, 0 AS tier, author_name AS name, author_email AS email FROM window_commit
UNION ALL
SELECT repository_id, sha, event_id, tier, c.name, c.email
FROM (SELECT repository_id, sha, event_id, unnest(co_authors) AS c, generate_subscripts(co_authors, 1) AS tier
      FROM window_commit);

CREATE OR REPLACE TEMP TABLE evidence AS
SELECT repository_id, sha, event_id, arg_min(agent_id, tier) AS agent_id, arg_min(agent_type, tier) AS agent_type
FROM (
    SELECT repository_id, sha, event_id, tier, agent_id, agent_type
    FROM signed JOIN silver.identity i USING (name, email) WHERE i.kind = 'agent'
    UNION ALL
    SELECT repository_id, sha, event_id, 1000, k.agent_id, k.agent_type
    FROM window_commit JOIN known_agent k ON made_with_cursor AND k.name = 'cursor'
)
GROUP BY repository_id, sha, event_id;

CREATE OR REPLACE TEMP TABLE told AS
SELECT c.repository_id, c.sha, c.parents, c.parent_count::INTEGER AS parent_count, c.subject,
       c.authored_at, c.committed_at, i.kind AS author_kind, i.person_id,
       c.lines_added, c.lines_deleted, c.size_lines,
       e.agent_id IS NOT NULL AS agent_marked, e.agent_id, e.agent_type, false AS author_recently_with_agent,
       c.event_source, c.event_id
FROM window_commit c
JOIN silver.identity i ON i.name = c.author_name AND i.email = c.author_email
LEFT JOIN evidence e ON e.repository_id = c.repository_id AND e.sha = c.sha AND e.event_id = c.event_id;

-- A commit that both GitHub and a git history tell of keeps git's word, which knows its lines and parents.
CREATE OR REPLACE TEMP TABLE base AS
SELECT DISTINCT ON (repository_id, sha) *
FROM (FROM silver.commit SEMI JOIN told USING (repository_id, sha) UNION ALL BY NAME FROM told)
ORDER BY repository_id, sha, event_source = 'git' DESC, event_id;

CREATE OR REPLACE TEMP TABLE pool AS
FROM base
UNION ALL BY NAME
FROM silver.commit
SEMI JOIN (
    SELECT person_id FROM base UNION SELECT person_id FROM silver.commit SEMI JOIN told USING (repository_id, sha)
) USING (person_id)
ANTI JOIN base USING (repository_id, sha);

CREATE OR REPLACE TEMP TABLE affected AS SELECT repository_id, sha FROM pool;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT c.* REPLACE (
    coalesce(m.committed_at >= c.committed_at - INTERVAL 30 DAY, false) AS author_recently_with_agent
)
FROM pool c
ASOF LEFT JOIN (SELECT DISTINCT person_id, committed_at FROM pool WHERE agent_marked AND person_id IS NOT NULL) m
    ON m.person_id = c.person_id AND m.committed_at < c.committed_at;
