-- The repositories whose pull requests this window can change, and what their git histories tell of merges.
CREATE OR REPLACE TEMP TABLE affected_repository AS
SELECT repository_id FROM window_commit
UNION SELECT repository_id FROM silver.github_pull_request
    WHERE event_id IN (SELECT event_id FROM window_event WHERE source = 'github')
-- The people of this window’s commits may have pull requests elsewhere whose upper bound now differs.
UNION SELECT repository_id FROM silver.pull_request SEMI JOIN pool USING (person_id);

CREATE OR REPLACE TEMP TABLE merge_candidate AS
SELECT DISTINCT ON (repository_id, number) *
FROM (
    SELECT repository_id, sha, committed_at, subject,
           regexp_matches(subject, '^Merge pull request #\d+ from ') AS by_merge,
           CASE WHEN by_merge THEN regexp_extract(subject, '^Merge pull request #\d+ from [^/\s]+/(\S+)', 1) END AS branch,
           try_cast(coalesce(nullif(regexp_extract(subject, '^Merge pull request #(\d+) from ', 1), ''),
                             nullif(regexp_extract(subject, '\(#(\d+)\)$', 1), '')) AS BIGINT) AS number
    FROM silver.commit SEMI JOIN affected_repository USING (repository_id)
)
WHERE number IS NOT NULL
ORDER BY repository_id, number, committed_at, sha;
