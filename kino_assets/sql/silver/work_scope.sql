-- What this window can change of the work of agents; none of this reads the lake. Events that name a commit, a branch
-- or a pull request change where the work of their project leads, and so do the repositories of a project.
CREATE TEMP TABLE IF NOT EXISTS window_activity (
    project_id UUID, event_type VARCHAR, occurred_at TIMESTAMPTZ, task_id VARCHAR, agent_id UUID, agent_type VARCHAR,
    session_id VARCHAR, sitting VARCHAR, blocker_id VARCHAR, resolved BOOLEAN, prompted BOOLEAN, failed_task BOOLEAN,
    passed BIGINT, failed BIGINT,
    repository VARCHAR, commit_sha VARCHAR, branch VARCHAR, pull_request BIGINT,
    usage_key VARCHAR, input_tokens BIGINT, output_tokens BIGINT, cached_tokens BIGINT, cost_usd DECIMAL(18, 9),
    event_source VARCHAR, event_id VARCHAR);
-- Where no agent told of anything, what an earlier window told is still there.
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
CREATE OR REPLACE TEMP TABLE earlier_link (
    event_source VARCHAR, event_id VARCHAR, project_id UUID, task_id VARCHAR, agent_id UUID, sitting VARCHAR,
    repository_id UUID, number BIGINT, merged_at TIMESTAMPTZ, closed_at TIMESTAMPTZ, reverted_at TIMESTAMPTZ,
    helped BOOLEAN);
CREATE OR REPLACE TEMP TABLE link AS FROM earlier_link;
CREATE OR REPLACE TEMP TABLE moved_link AS FROM earlier_link;
CREATE OR REPLACE TEMP TABLE usage_told AS FROM window_activity LIMIT 0;
CREATE OR REPLACE TEMP TABLE earlier_usage (
    project_id UUID, usage_key VARCHAR, occurred_at TIMESTAMPTZ, agent_id UUID, agent_type VARCHAR, task_id VARCHAR,
    sitting VARCHAR, input_tokens BIGINT, output_tokens BIGINT, cached_tokens BIGINT, cost_usd DECIMAL(18, 9),
    repository_id UUID, number BIGINT, merged_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR);
CREATE OR REPLACE TEMP TABLE moved_spending (repository_id UUID, number BIGINT);
