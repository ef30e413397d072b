-- What this window can change of the work of agents; none of this reads the lake. Events that name a commit, a branch
-- or a pull request change where the work of their project leads, and so do the repositories of a project.
DELETE FROM window_activity WHERE event_id NOT IN (SELECT event_id FROM window_event WHERE source = 'agent');

CREATE OR REPLACE TEMP TABLE moved_repository AS
SELECT DISTINCT repository_id FROM window_event JOIN repository_name USING (repository)
WHERE (source = 'git' AND type = 'commit')
   OR (source = 'github' AND type IN ('push', 'pull_request', 'pull_request_review'))
   OR (source = 'kino' AND type IN ('repository_connected', 'repository_disconnected'));
CREATE OR REPLACE TEMP TABLE moved_project AS
SELECT project_id FROM window_activity
WHERE commit_sha IS NOT NULL OR branch IS NOT NULL OR pull_request IS NOT NULL
UNION
SELECT project_id FROM placed_repository SEMI JOIN moved_repository USING (repository_id) WHERE project_id IS NOT NULL;
CREATE OR REPLACE TEMP TABLE moved_task AS
SELECT DISTINCT project_id, task_id FROM window_activity
WHERE event_type IN ('task_started', 'task_completed', 'blocker_identified');

-- Rooms for what is gathered of it.
CREATE OR REPLACE TEMP TABLE evidence AS FROM window_activity LIMIT 0;
CREATE OR REPLACE TEMP TABLE earlier_link AS FROM silver.work_pull_request LIMIT 0;
CREATE OR REPLACE TEMP TABLE link AS FROM earlier_link;
CREATE OR REPLACE TEMP TABLE moved_link AS FROM earlier_link;
CREATE OR REPLACE TEMP TABLE usage_told AS FROM window_activity LIMIT 0;
CREATE OR REPLACE TEMP TABLE earlier_usage AS FROM silver.agent_usage LIMIT 0;
CREATE OR REPLACE TEMP TABLE moved_spending (repository_id UUID, number BIGINT);
