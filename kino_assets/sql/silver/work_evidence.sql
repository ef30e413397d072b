-- What names the work of the projects that this window can change, and where it led before.
INSERT INTO evidence BY NAME
FROM silver.agent_activity
WHERE project_id IN (FROM moved_project)
  AND (commit_sha IS NOT NULL OR branch IS NOT NULL OR pull_request IS NOT NULL);
INSERT INTO earlier_link BY NAME
FROM silver.work_pull_request
WHERE project_id IN (FROM moved_project) OR repository_id IN (FROM moved_repository);
