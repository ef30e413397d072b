-- Every telling of what this window tells of, and what was known of it; with that, all whose work leads elsewhere now.
INSERT INTO usage_told BY NAME
FROM silver.agent_activity SEMI JOIN window_activity USING (project_id, usage_key);
INSERT INTO earlier_usage BY NAME
FROM silver.agent_usage
WHERE (project_id, usage_key) IN (SELECT (project_id, usage_key) FROM usage_told)
   OR (project_id, task_id) IN (SELECT (project_id, task_id) FROM moved_link)
   OR (project_id, agent_id, sitting) IN (SELECT (project_id, agent_id, sitting) FROM moved_link);
