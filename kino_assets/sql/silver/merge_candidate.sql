-- The repositories whose merges this window can change, because it tells of commits there, and those whose pull requests
-- it can change; and what their git histories tell of merges.
CREATE OR REPLACE TEMP TABLE affected_repository AS SELECT DISTINCT repository_id FROM window_commit;
CREATE OR REPLACE TEMP TABLE touched_repository AS
SELECT repository_id FROM affected_repository
UNION SELECT repository_id FROM window_event JOIN repository_name USING (repository)
    WHERE source = 'github' AND type IN ('push', 'pull_request', 'pull_request_review')
-- The people of this window’s commits may have pull requests elsewhere whose upper bound now differs.
UNION SELECT repository_id FROM silver.pull_request SEMI JOIN pool USING (person_id);

CREATE OR REPLACE TEMP TABLE known_merge AS
SELECT DISTINCT ON (repository_id, number) *
FROM (
    SELECT repository_id, sha, committed_at, subject,
           regexp_matches(subject, '^Merge pull request #\d+ from ') AS by_merge,
           CASE WHEN by_merge THEN regexp_extract(subject, '^Merge pull request #\d+ from [^/\s]+/(\S+)', 1) END AS branch,
           try_cast(coalesce(nullif(regexp_extract(subject, '^Merge pull request #(\d+) from ', 1), ''),
                             nullif(regexp_extract(subject, '\(#(\d+)\)$', 1), '')) AS BIGINT) AS number
    FROM silver.commit SEMI JOIN touched_repository USING (repository_id)
)
WHERE number IS NOT NULL
ORDER BY repository_id, number, committed_at, sha;
CREATE OR REPLACE TEMP TABLE merge_candidate AS FROM known_merge SEMI JOIN affected_repository USING (repository_id);

-- Each table of the lake is read once here, for all that follows.
CREATE OR REPLACE TEMP TABLE told_pull_request AS
FROM silver.github_pull_request SEMI JOIN touched_repository USING (repository_id);
CREATE OR REPLACE TEMP TABLE held_pull_request AS
SELECT repository_id, number FROM silver.pull_request SEMI JOIN touched_repository USING (repository_id);
