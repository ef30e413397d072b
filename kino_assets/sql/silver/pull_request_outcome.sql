-- Merged pull requests: in production once their merge is, or, where it is not known by its hash, all their commits.
-- Coverage is what was told last of any of their commits: by Codecov, or by an agent of the repository's own project.
CREATE OR REPLACE TEMP TABLE outcome AS
WITH reached AS (
    SELECT s.repository_id, s.number,
           first(d.deployment_key) FILTER (s.told_as = 'merge' AND d.sha IS NOT NULL) AS by_merge,
           CASE WHEN bool_and(d.sha IS NOT NULL) FILTER (s.told_as = 'commit')
               THEN arg_max(d.deployment_key, (d.deployed_at, d.deployment_key)) FILTER (s.told_as = 'commit')
           END AS by_commits
    FROM pull_request_sha s LEFT JOIN delivery d USING (repository_id, sha)
    GROUP BY s.repository_id, s.number
),
covered AS (
    SELECT s.repository_id, s.number, arg_max(c.coverage, (c.occurred_at, c.event_source, c.event_id)) AS coverage
    FROM pull_request_sha s
    JOIN covered_sha c USING (sha)
    LEFT JOIN placed_repository r ON r.repository_id = s.repository_id
    WHERE (c.repository_id IS NULL OR c.repository_id = s.repository_id)
      AND (c.project_id IS NULL OR c.project_id = r.project_id)
    GROUP BY s.repository_id, s.number
),
told AS (
    SELECT p.*, coalesce(g.branch, nullif(regexp_extract(
               p.title, '^Merge pull request #\d+ from [^/\s]+/(\S+)', 1), '')) AS branch, g.labels
    FROM known_pull_request p LEFT JOIN github_word g USING (repository_id, number)
    WHERE p.merged_at IS NOT NULL
)
SELECT t.repository_id, t.number, regexp_replace(t.title, ' \(#\d+\)$', '') AS title, t.merged_at,
       d.deployment_key, d.deployed_at, c.coverage,
       coalesce(regexp_matches(t.branch, '(?i)^hotfix([/_-]|$)'), false)
           OR coalesce(regexp_matches(t.title, '(?i)^\W*hotfix\b'), false)
           OR len(list_filter(coalesce(t.labels, []), lambda label: regexp_matches(lower(label), '^(.*[:/] *)?hotfix$'))) > 0
           AS hotfix,
       -- GitHub names the branch of a revert after the number of what it reverts.
       try_cast(nullif(regexp_extract(t.branch, '^revert-(\d+)-', 1), '') AS BIGINT) AS reverts,
       t.person_id, t.agent_id, t.agent_type, t.event_source, t.event_id
FROM told t
LEFT JOIN reached r USING (repository_id, number)
LEFT JOIN covered c USING (repository_id, number)
LEFT JOIN deployment_list d
    ON d.repository_id = t.repository_id AND d.deployment_key = coalesce(r.by_merge, r.by_commits);

CREATE OR REPLACE TEMP TABLE affected AS SELECT repository_id, number FROM known_pull_request UNION FROM earlier_outcome;
CREATE OR REPLACE TEMP TABLE fresh AS FROM outcome;
