-- Pull requests: GitHub's word where it spoke, the git history's elsewhere; evidence of agents from both.
CREATE OR REPLACE TEMP TABLE member AS
SELECT repository_id, number, sha FROM silver.pull_request_commit SEMI JOIN touched_repository USING (repository_id);
CREATE OR REPLACE TEMP TABLE member_commit AS
SELECT repository_id, sha, size_lines, parent_count, agent_marked, agent_id, agent_type, authored_at, committed_at,
       author_kind, person_id, event_id
FROM silver.commit
SEMI JOIN (SELECT repository_id, sha FROM member UNION SELECT repository_id, sha FROM known_merge)
    USING (repository_id, sha);

CREATE OR REPLACE TEMP TABLE brought AS
SELECT p.repository_id, p.number,
       sum(c.size_lines) FILTER (c.parent_count < 2) AS size_lines,
       bool_or(c.agent_marked) AS agent_marked,
       arg_min(c.agent_id, (c.committed_at, c.sha)) FILTER (c.agent_marked) AS agent_id,
       arg_min(c.agent_type, (c.committed_at, c.sha)) FILTER (c.agent_marked) AS agent_type,
       -- A squash has the time at which it was merged.
       min(c.authored_at) FILTER (m.by_merge AND c.sha <> m.sha) AS first_authored_at,
       -- Whose work it was: the first commit that came in with it, not who pressed the merge button.
       arg_min({'kind': c.author_kind, 'person_id': c.person_id}, (c.committed_at, c.sha))
           FILTER (NOT (m.by_merge AND c.sha = m.sha)) AS author
FROM member p
JOIN member_commit c ON c.repository_id = p.repository_id AND c.sha = p.sha
JOIN known_merge m ON m.repository_id = p.repository_id AND m.number = p.number
GROUP BY ALL;

-- The pushes that made up a pull request's branch, from its heads back to where the branch begins: at its creation, or
-- at the head of an earlier pull request. Where neither was heard of, nobody knows when the work began.
CREATE OR REPLACE TEMP TABLE known_head AS
FROM silver.pull_request_head SEMI JOIN touched_repository USING (repository_id);
CREATE OR REPLACE TEMP TABLE head_owner AS
SELECT repository_id, sha, min(number) AS number FROM known_head GROUP BY repository_id, sha;
CREATE OR REPLACE TEMP TABLE pushed AS
SELECT p.*, h.number AS owner
FROM (FROM silver.branch_push SEMI JOIN touched_repository USING (repository_id)) p
LEFT JOIN head_owner h ON h.repository_id = p.repository_id AND h.sha = p.new_head;
CREATE OR REPLACE TEMP TABLE branch AS
WITH RECURSIVE gone_back AS (
    SELECT repository_id, owner AS number, event_id, old_head FROM pushed WHERE owner IS NOT NULL
    UNION
    SELECT b.repository_id, b.number, p.event_id, p.old_head
    FROM gone_back b JOIN pushed p ON p.repository_id = b.repository_id AND p.new_head = b.old_head
    WHERE coalesce(p.owner = b.number, true)
)
SELECT b.repository_id, b.number,
       CASE WHEN bool_or(trim(b.old_head, '0') = '' OR coalesce(h.number < b.number, false)) THEN min(p.first_authored_at) END
           AS first_authored_at,
       arg_min(p.agent_id, (p.first_authored_at, p.event_id)) AS agent_id,
       arg_min(p.agent_type, (p.first_authored_at, p.event_id)) AS agent_type
FROM gone_back b
JOIN pushed p ON p.repository_id = b.repository_id AND p.event_id = b.event_id
LEFT JOIN head_owner h ON h.repository_id = b.repository_id AND h.sha = b.old_head
GROUP BY b.repository_id, b.number;

CREATE OR REPLACE TEMP TABLE labelled AS
SELECT repository_id, number, min(k.name) AS agent
FROM (SELECT repository_id, number, unnest(labels) AS label FROM told_pull_request)
JOIN known_agent k ON k.name = regexp_extract(lower(label), '^[a-z]+')
GROUP BY repository_id, number;

CREATE OR REPLACE TEMP TABLE known AS
SELECT coalesce(g.repository_id, m.repository_id) AS repository_id,
       coalesce(g.number, m.number) AS number,
       coalesce(g.title, m.subject) AS title,
       least(w.first_authored_at, b.first_authored_at) AS first_authored_at,
       g.opened_at, g.ready_at,
       coalesce(g.merged_at, m.committed_at) AS merged_at,
       CASE WHEN g.merged_at IS NULL AND m.sha IS NULL THEN g.closed_at END AS closed_at,
       CASE WHEN g.merged_at IS NOT NULL THEN g.merge_sha ELSE m.sha END AS merge_sha,
       CASE WHEN g.login IS NOT NULL THEN i.kind ELSE b.author.kind END AS author_kind,
       CASE WHEN g.login IS NOT NULL THEN i.person_id ELSE b.author.person_id END AS person_id,
       coalesce(b.size_lines, g.lines) AS size_lines,
       coalesce(b.agent_marked, false) OR w.agent_id IS NOT NULL AS by_commit,
       coalesce(b.agent_id, w.agent_id) AS commit_agent_id, coalesce(b.agent_type, w.agent_type) AS commit_agent_type,
       i.agent_id AS author_agent_id, i.agent_type AS author_agent_type,
       k.agent_id AS hint_agent_id, k.agent_type AS hint_agent_type,
       CASE WHEN g.number IS NOT NULL THEN 'github' ELSE 'git' END AS event_source,
       coalesce(g.event_id, c.event_id) AS event_id
FROM told_pull_request g
FULL JOIN known_merge m ON m.repository_id = g.repository_id AND m.number = g.number
LEFT JOIN brought b ON b.repository_id = m.repository_id AND b.number = m.number
LEFT JOIN branch w ON w.repository_id = g.repository_id AND w.number = g.number
LEFT JOIN member_commit c ON c.repository_id = m.repository_id AND c.sha = m.sha
LEFT JOIN silver.identity i ON i.login = g.login
LEFT JOIN labelled l ON l.repository_id = g.repository_id AND l.number = g.number
LEFT JOIN known_agent k ON k.name = coalesce(
    l.agent, nullif(regexp_extract(coalesce(g.branch, m.branch), '^(claude|codex|cursor|copilot)/', 1), ''));

-- Reviews by people other than the author before the end. Whether there were any is known of pull requests that were
-- heard of when they became ready.
CREATE OR REPLACE TEMP TABLE reviewed AS
SELECT k.repository_id, k.number, v.state, v.submitted_at, k.ready_at, coalesce(k.merged_at, k.closed_at) AS ended_at
FROM known k
JOIN (FROM silver.review SEMI JOIN touched_repository USING (repository_id)) v
    ON v.repository_id = k.repository_id AND v.number = k.number
WHERE v.author_kind = 'human' AND NOT v.own AND coalesce(v.submitted_at <= coalesce(k.merged_at, k.closed_at), true);
CREATE OR REPLACE TEMP TABLE judged AS
WITH judgement AS (
    SELECT repository_id, number, count(*) AS reviews, min(submitted_at) FILTER (submitted_at >= ready_at) AS first_review_at,
           count(*) FILTER (state = 'changes_requested') AS changes_requested,
           coalesce(max(submitted_at) FILTER (state = 'approved'), any_value(ended_at)) AS approved_at
    FROM reviewed GROUP BY repository_id, number
),
-- Commits that came after reviews which did not approve, and before the last that did.
round AS (
    SELECT h.repository_id, h.number, count(DISTINCT h.since) AS rounds
    FROM (
        SELECT *, lag(since) OVER (PARTITION BY repository_id, number ORDER BY since, sha) AS since_before FROM known_head
    ) h
    JOIN reviewed v ON v.repository_id = h.repository_id AND v.number = h.number AND v.state IS DISTINCT FROM 'approved'
        AND v.submitted_at >= h.since_before AND v.submitted_at < h.since
    JOIN judgement j ON j.repository_id = h.repository_id AND j.number = h.number
    WHERE coalesce(h.since <= j.approved_at, true)
    GROUP BY h.repository_id, h.number
)
SELECT j.*, coalesce(r.rounds, 0) AS rounds FROM judgement j LEFT JOIN round r USING (repository_id, number);

CREATE OR REPLACE TEMP TABLE affected AS
SELECT repository_id, number FROM known
UNION FROM held_pull_request;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT k.repository_id, k.number, k.title, k.first_authored_at, k.opened_at, k.ready_at,
       CASE WHEN k.ready_at IS NOT NULL THEN j.first_review_at END AS first_review_at, k.merged_at, k.closed_at, k.merge_sha,
       CASE WHEN k.ready_at IS NOT NULL THEN coalesce(j.reviews, 0) END AS reviews,
       CASE WHEN k.ready_at IS NOT NULL THEN coalesce(j.changes_requested, 0) END AS changes_requested,
       CASE WHEN k.ready_at IS NOT NULL AND h.number IS NOT NULL THEN coalesce(j.rounds, 0) END AS rounds,
       k.author_kind, k.person_id, k.size_lines,
       k.by_commit OR k.author_agent_id IS NOT NULL OR k.hint_agent_id IS NOT NULL AS agent_marked,
       coalesce(k.commit_agent_id, k.author_agent_id, k.hint_agent_id) AS agent_id,
       coalesce(k.commit_agent_type, k.author_agent_type, k.hint_agent_type) AS agent_type,
       coalesce(a.committed_at >= k.merged_at - INTERVAL 30 DAY, false) AS author_recently_with_agent,
       k.event_source, k.event_id
FROM known k
LEFT JOIN judged j ON j.repository_id = k.repository_id AND j.number = k.number
LEFT JOIN (SELECT DISTINCT repository_id, number FROM known_head) h
    ON h.repository_id = k.repository_id AND h.number = k.number
ASOF LEFT JOIN (
    SELECT DISTINCT person_id, committed_at FROM silver.commit SEMI JOIN known USING (person_id) WHERE agent_marked
) a ON a.person_id = k.person_id AND a.committed_at < k.merged_at;
