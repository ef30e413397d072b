-- The pull requests that the evidence may mean, and what became of them.
-- An agent's word leads to the repositories of its own project alone.
CREATE OR REPLACE TEMP TABLE near_repository AS
SELECT repository_id, project_id, lower(full_name) AS name FROM placed_repository SEMI JOIN evidence USING (project_id);
CREATE OR REPLACE TEMP TABLE near_sha AS
SELECT DISTINCT repository_id, number, sha, left(sha, 7) AS short
FROM (FROM silver.pull_request_commit UNION ALL SELECT repository_id, number, sha FROM silver.pull_request_head)
SEMI JOIN near_repository USING (repository_id);

CREATE OR REPLACE TEMP TABLE named AS
SELECT e.event_source, e.event_id, s.repository_id, s.number
FROM evidence e
JOIN near_repository r ON r.project_id = e.project_id
-- Agents, like git, like to name a commit by its first characters.
JOIN near_sha s ON s.repository_id = r.repository_id AND s.short = left(e.commit_sha, 7)
    AND starts_with(s.sha, e.commit_sha)
UNION
SELECT e.event_source, e.event_id, r.repository_id, e.pull_request
FROM evidence e JOIN near_repository r ON r.project_id = e.project_id AND r.name = e.repository
WHERE e.pull_request IS NOT NULL
UNION
-- Names of branches are used again: the pull request that was closed next is meant, or else the open one.
FROM (
    SELECT e.event_source, e.event_id, r.repository_id, g.number
    FROM evidence e
    JOIN near_repository r ON r.project_id = e.project_id AND r.name = e.repository
    JOIN silver.github_pull_request g ON g.repository_id = r.repository_id AND g.branch = e.branch
    WHERE coalesce(g.merged_at, g.closed_at, 'infinity') >= e.occurred_at
    QUALIFY row_number() OVER (PARTITION BY e.event_source, e.event_id, r.repository_id
                               ORDER BY coalesce(g.merged_at, g.closed_at, 'infinity'), g.number) = 1
);

CREATE OR REPLACE TEMP TABLE near_pull_request AS
SELECT repository_id, number, title, merged_at, closed_at FROM silver.pull_request SEMI JOIN named USING (repository_id, number);
CREATE OR REPLACE TEMP TABLE near_commit AS
WITH brought AS (FROM near_sha SEMI JOIN near_pull_request USING (repository_id, number))
SELECT b.number, c.repository_id, c.sha, c.subject, c.committed_at, c.author_kind, c.agent_marked, c.parent_count
FROM (FROM silver.commit WHERE repository_id IN (SELECT repository_id FROM near_pull_request)) c
LEFT JOIN brought b USING (repository_id, sha)
WHERE b.number IS NOT NULL OR starts_with(c.subject, 'Revert "');

INSERT INTO link BY NAME
WITH titled AS (
    SELECT repository_id, number, merged_at, title FROM near_pull_request
    UNION
    SELECT repository_id, number, p.merged_at, c.subject FROM near_commit c JOIN near_pull_request p USING (repository_id, number)
),
reverting AS (
    SELECT DISTINCT repository_id, sha, committed_at,
           regexp_replace(regexp_extract(subject, '^Revert "(.*)"(?: \(#\d+\))?$', 1), ' \(#\d+\)$', '') AS title
    FROM near_commit WHERE starts_with(subject, 'Revert "')
),
-- Of several that are called the same, the one merged last before it is meant.
reverted AS (
    SELECT repository_id, number, min(committed_at) AS reverted_at
    FROM (
        SELECT t.repository_id, t.number, r.committed_at
        FROM reverting r
        JOIN titled t ON t.repository_id = r.repository_id AND regexp_replace(t.title, ' \(#\d+\)$', '') = r.title
            AND t.merged_at <= r.committed_at
        QUALIFY row_number() OVER (PARTITION BY r.repository_id, r.sha ORDER BY t.merged_at DESC, t.number DESC) = 1
    )
    GROUP BY repository_id, number
),
-- A person's own commit: no agent signed or reported it, and it is not the merge itself.
own_commit AS (
    SELECT DISTINCT c.repository_id, c.number
    FROM near_commit c
    WHERE c.number IS NOT NULL AND c.author_kind = 'human' AND NOT c.agent_marked AND c.parent_count < 2
      AND NOT regexp_matches(c.subject, '^Merge pull request #\d+ from |\(#\d+\)$')
      AND NOT EXISTS (
        FROM evidence e JOIN near_repository r ON r.project_id = e.project_id
        WHERE r.repository_id = c.repository_id AND left(e.commit_sha, 7) = left(c.sha, 7)
          AND starts_with(c.sha, e.commit_sha))
),
helped AS (
    FROM own_commit
    UNION
    SELECT repository_id, number FROM silver.review SEMI JOIN near_pull_request USING (repository_id, number)
    WHERE state = 'changes_requested' AND author_kind = 'human'
)
SELECT e.event_source, e.event_id, e.project_id, e.task_id, e.agent_id, e.sitting, p.repository_id, p.number,
       p.merged_at, p.closed_at, v.reverted_at, h.number IS NOT NULL AS helped
FROM named n
JOIN evidence e USING (event_source, event_id)
JOIN near_pull_request p ON p.repository_id = n.repository_id AND p.number = n.number
LEFT JOIN reverted v ON v.repository_id = p.repository_id AND v.number = p.number
LEFT JOIN helped h ON h.repository_id = p.repository_id AND h.number = p.number;
