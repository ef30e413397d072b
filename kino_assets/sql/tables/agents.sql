-- What agents reported. `sitting` is the session, or where none is named, what the agent did for the task. What names
-- the work (`commit_sha`, `branch`, `pull_request` of `repository`) leads to pull requests; `prompted` means that a
-- permission was asked for, `failed_task` that the task ended without having been done.
CREATE TABLE IF NOT EXISTS silver.agent_activity (
    project_id UUID, event_type VARCHAR, occurred_at TIMESTAMPTZ, task_id VARCHAR, agent_id UUID, agent_type VARCHAR,
    session_id VARCHAR, sitting VARCHAR, blocker_id VARCHAR, resolved BOOLEAN, prompted BOOLEAN, failed_task BOOLEAN,
    passed BIGINT, failed BIGINT,
    repository VARCHAR, commit_sha VARCHAR, branch VARCHAR, pull_request BIGINT,
    usage_key VARCHAR, input_tokens BIGINT, output_tokens BIGINT, cached_tokens BIGINT, cost_usd DECIMAL(18, 9),
    event_source VARCHAR, event_id VARCHAR
);
CREATE TABLE IF NOT EXISTS silver.test_run (
    project_id UUID, occurred_at TIMESTAMPTZ, agent_id UUID, agent_type VARCHAR, passed BIGINT, failed BIGINT,
    event_source VARCHAR, event_id VARCHAR
);
-- `succeeded` is null as long as the pull requests of a completed task are open.
CREATE TABLE IF NOT EXISTS silver.task (
    project_id UUID, task_id VARCHAR, started_at TIMESTAMPTZ, completed_at TIMESTAMPTZ, succeeded BOOLEAN,
    intervened BOOLEAN, agent_id UUID, agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
-- Blockers that people closed.
CREATE TABLE IF NOT EXISTS silver.blocker_resolution (
    project_id UUID, blocker_id VARCHAR, occurred_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR
);
-- +1 where a blocker opens, -1 where it closes: then with when it had opened, and the task that closed it by its end.
CREATE TABLE IF NOT EXISTS silver.blocker_change (
    project_id UUID, blocker_id VARCHAR, occurred_at TIMESTAMPTZ, change INTEGER, opened_at TIMESTAMPTZ,
    ended_task VARCHAR, agent_id UUID, agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
-- The quarter hours in which an agent was heard of, sitting by sitting, with what was used up in each: in every time
-- zone a quarter hour belongs to one day. What a sitting never told of is null in all of its own. The flags mark the
-- first row of a sitting, and the first of an agent's hour.
CREATE TABLE IF NOT EXISTS silver.agent_quarter (
    project_id UUID, agent_id UUID, sitting VARCHAR, quarter TIMESTAMPTZ, occurred_at TIMESTAMPTZ, session_id VARCHAR,
    agent_type VARCHAR, begins_sitting BOOLEAN, begins_hour BOOLEAN, told_usage BOOLEAN, input_tokens HUGEINT,
    output_tokens HUGEINT, cached_tokens HUGEINT, cost_usd DECIMAL(38, 9), event_source VARCHAR, event_id VARCHAR
);
-- What was used up, once for each request however often it was told, and the merged pull request that it went into.
CREATE TABLE IF NOT EXISTS silver.agent_usage (
    project_id UUID, usage_key VARCHAR, occurred_at TIMESTAMPTZ, agent_id UUID, agent_type VARCHAR, task_id VARCHAR,
    sitting VARCHAR, input_tokens BIGINT, output_tokens BIGINT, cached_tokens BIGINT, cost_usd DECIMAL(18, 9),
    repository_id UUID, number BIGINT, merged_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR
);
-- Which pull requests an agent's event leads to, and what became of each: `helped` when a person committed to it or
-- asked for changes.
CREATE TABLE IF NOT EXISTS silver.work_pull_request (
    event_source VARCHAR, event_id VARCHAR, project_id UUID, task_id VARCHAR, agent_id UUID, sitting VARCHAR,
    repository_id UUID, number BIGINT, merged_at TIMESTAMPTZ, closed_at TIMESTAMPTZ, reverted_at TIMESTAMPTZ,
    helped BOOLEAN
);
-- Merged pull requests with what agents spent on them, null where nobody told of any.
CREATE TABLE IF NOT EXISTS silver.pull_request_cost (
    repository_id UUID, number BIGINT, merged_at TIMESTAMPTZ, cost_usd DECIMAL(38, 9), person_id UUID, agent_id UUID,
    agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
