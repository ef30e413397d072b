CREATE TABLE IF NOT EXISTS silver.agent_activity (
    project_id UUID, event_type VARCHAR, occurred_at TIMESTAMPTZ, task_id VARCHAR, agent_id UUID, agent_type VARCHAR,
    blocker_id VARCHAR, resolved BOOLEAN, passed BIGINT, failed BIGINT, event_source VARCHAR, event_id VARCHAR
);
CREATE TABLE IF NOT EXISTS silver.test_run (
    project_id UUID, occurred_at TIMESTAMPTZ, agent_id UUID, agent_type VARCHAR, passed BIGINT, failed BIGINT,
    event_source VARCHAR, event_id VARCHAR
);
CREATE TABLE IF NOT EXISTS silver.task (
    project_id UUID, task_id VARCHAR, started_at TIMESTAMPTZ, completed_at TIMESTAMPTZ, agent_id UUID,
    agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
-- Blockers that people closed.
CREATE TABLE IF NOT EXISTS silver.blocker_resolution (
    project_id UUID, blocker_id VARCHAR, occurred_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR
);
-- +1 where a blocker opens, -1 where it closes.
CREATE TABLE IF NOT EXISTS silver.blocker_change (
    project_id UUID, blocker_id VARCHAR, occurred_at TIMESTAMPTZ, change INTEGER, agent_id UUID, agent_type VARCHAR,
    event_source VARCHAR, event_id VARCHAR
);
