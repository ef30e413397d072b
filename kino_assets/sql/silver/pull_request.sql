-- Pull requests: GitHub's word where it spoke, the git history's elsewhere; evidence of agents from both.
CREATE OR REPLACE TEMP TABLE member AS
SELECT repository_id, number, sha FROM silver.pull_request_commit SEMI JOIN affected_repository USING (repository_id);
CREATE OR REPLACE TEMP TABLE member_commit AS
SELECT repository_id, sha, size_lines, parent_count, agent_marked, agent_id, agent_type, committed_at, author_kind,
       person_id, event_id
FROM silver.commit
SEMI JOIN (SELECT repository_id, sha FROM member UNION SELECT repository_id, sha FROM merge_candidate)
    USING (repository_id, sha);

CREATE OR REPLACE TEMP TABLE brought AS
SELECT p.repository_id, p.number,
       sum(c.size_lines) FILTER (c.parent_count < 2) AS size_lines,
       bool_or(c.agent_marked) AS agent_marked,
       arg_min(c.agent_id, c.committed_at) FILTER (c.agent_marked) AS agent_id,
       arg_min(c.agent_type, c.committed_at) FILTER (c.agent_marked) AS agent_type,
       -- Whose work it was: the first commit that came in with it, not who pressed the merge button.
       arg_min({'kind': c.author_kind, 'person_id': c.person_id}, (c.committed_at, c.sha))
           FILTER (NOT (m.by_merge AND c.sha = m.sha)) AS author
FROM member p
JOIN member_commit c ON c.repository_id = p.repository_id AND c.sha = p.sha
JOIN merge_candidate m ON m.repository_id = p.repository_id AND m.number = p.number
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE labelled AS
SELECT repository_id, number, min(k.name) AS agent
FROM (SELECT repository_id, number, unnest(labels) AS label FROM told_pull_request)
JOIN known_agent k ON k.name = regexp_extract(lower(label), '^[a-z]+')
GROUP BY repository_id, number;

CREATE OR REPLACE TEMP TABLE known AS
SELECT coalesce(g.repository_id, m.repository_id) AS repository_id,
       coalesce(g.number, m.number) AS number,
       coalesce(g.title, m.subject) AS title,
       g.opened_at,
       coalesce(g.merged_at, m.committed_at) AS merged_at,
       CASE WHEN g.merged_at IS NULL AND m.sha IS NULL THEN g.closed_at END AS closed_at,
       CASE WHEN g.login IS NOT NULL THEN i.kind ELSE b.author.kind END AS author_kind,
       CASE WHEN g.login IS NOT NULL THEN i.person_id ELSE b.author.person_id END AS person_id,
       coalesce(b.size_lines, g.lines) AS size_lines,
       coalesce(b.agent_marked, false) AS by_commit, b.agent_id AS commit_agent_id, b.agent_type AS commit_agent_type,
       i.agent_id AS author_agent_id, i.agent_type AS author_agent_type,
       k.agent_id AS hint_agent_id, k.agent_type AS hint_agent_type,
       CASE WHEN g.number IS NOT NULL THEN 'github' ELSE 'git' END AS event_source,
       coalesce(g.event_id, c.event_id) AS event_id
FROM told_pull_request g
FULL JOIN merge_candidate m ON m.repository_id = g.repository_id AND m.number = g.number
LEFT JOIN brought b ON b.repository_id = m.repository_id AND b.number = m.number
LEFT JOIN member_commit c ON c.repository_id = m.repository_id AND c.sha = m.sha
LEFT JOIN silver.identity i ON i.login = g.login
LEFT JOIN labelled l ON l.repository_id = g.repository_id AND l.number = g.number
LEFT JOIN known_agent k ON k.name = coalesce(
    l.agent, nullif(regexp_extract(coalesce(g.branch, m.branch), '^(claude|codex|cursor|copilot)/', 1), ''));

CREATE OR REPLACE TEMP TABLE affected AS
SELECT repository_id, number FROM known
UNION FROM held_pull_request;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT k.repository_id, k.number, k.title, k.opened_at, k.merged_at, k.closed_at, k.author_kind, k.person_id,
       k.size_lines,
       k.by_commit OR k.author_agent_id IS NOT NULL OR k.hint_agent_id IS NOT NULL AS agent_marked,
       coalesce(k.commit_agent_id, k.author_agent_id, k.hint_agent_id) AS agent_id,
       coalesce(k.commit_agent_type, k.author_agent_type, k.hint_agent_type) AS agent_type,
       coalesce(a.committed_at >= k.merged_at - INTERVAL 30 DAY, false) AS author_recently_with_agent,
       k.event_source, k.event_id
FROM known k
ASOF LEFT JOIN (
    SELECT DISTINCT person_id, committed_at FROM silver.commit SEMI JOIN known USING (person_id) WHERE agent_marked
) a ON a.person_id = k.person_id AND a.committed_at < k.merged_at;
