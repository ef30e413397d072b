-- What the lake knows of the commits of the window's pull requests, and of their coverage.
INSERT INTO github_word BY NAME
SELECT repository_id, number, branch, labels, merged_at, merge_sha
FROM silver.github_pull_request SEMI JOIN delivery_repository USING (repository_id);

INSERT INTO pull_request_sha
SELECT repository_id, number, sha, 'commit'
FROM silver.pull_request_commit SEMI JOIN delivery_repository USING (repository_id)
UNION ALL
SELECT repository_id, number, sha, 'head'
FROM silver.pull_request_head SEMI JOIN delivery_repository USING (repository_id)
UNION ALL
SELECT repository_id, number, merge_sha, 'merge' FROM github_word
-- Until it is merged that is GitHub's trial merge.
WHERE merged_at IS NOT NULL AND merge_sha IS NOT NULL;

INSERT INTO covered_sha BY NAME
SELECT repository_id, project_id, sha, coverage, occurred_at, event_source, event_id
FROM silver.coverage_report SEMI JOIN pull_request_sha USING (sha);
