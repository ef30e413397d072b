-- A squash brings in itself; a merge also the commits reachable from what it merged and not from where it merged to.
CREATE OR REPLACE TEMP TABLE affected AS
SELECT DISTINCT repository_id, number, sha
FROM (
    SELECT repository_id, number, sha FROM merge_candidate
    UNION ALL FROM merged_branch
    UNION ALL FROM silver.pull_request_commit SEMI JOIN affected_repository USING (repository_id)
);
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT repository_id, number, sha FROM merge_candidate UNION FROM merged_branch;
