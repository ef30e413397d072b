-- What GitHub told of deployments, releases and tags, a row an event.
CREATE TABLE IF NOT EXISTS silver.deployment_event (
    repository_id UUID, kind VARCHAR, deployment_key VARCHAR, environment VARCHAR, production BOOLEAN, state VARCHAR,
    sha VARCHAR, ref VARCHAR, tag VARCHAR, title VARCHAR, occurred_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR
);
-- The commits that were a pull request's newest at some time.
CREATE TABLE IF NOT EXISTS silver.pull_request_head (repository_id UUID, number BIGINT, sha VARCHAR);
-- What GitHub last said of an issue. Of its text only the words that may name a commit, a tag or a pull request are kept.
CREATE TABLE IF NOT EXISTS silver.github_issue (
    repository_id UUID, number BIGINT, title VARCHAR, incident BOOLEAN, gone BOOLEAN, opened_at TIMESTAMPTZ,
    closed_at TIMESTAMPTZ, named VARCHAR[], told_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR
);
-- Commits in production, each with the first production deployment that contained it.
CREATE TABLE IF NOT EXISTS silver.delivered_commit (
    repository_id UUID, sha VARCHAR, deployment_key VARCHAR, subject VARCHAR, authored_at TIMESTAMPTZ,
    deployed_at TIMESTAMPTZ, estimated BOOLEAN, person_id UUID, agent_id UUID, agent_type VARCHAR,
    event_source VARCHAR, event_id VARCHAR
);
-- What became of merged pull requests: when production got them, and how much of the code tests covered.
CREATE TABLE IF NOT EXISTS silver.pull_request_outcome (
    repository_id UUID, number BIGINT, title VARCHAR, merged_at TIMESTAMPTZ, deployment_key VARCHAR,
    deployed_at TIMESTAMPTZ, coverage DOUBLE, hotfix BOOLEAN, reverts BIGINT, person_id UUID, agent_id UUID,
    agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
CREATE TABLE IF NOT EXISTS silver.incident (
    repository_id UUID, number BIGINT, title VARCHAR, opened_at TIMESTAMPTZ, closed_at TIMESTAMPTZ,
    deployment_key VARCHAR, linked_by VARCHAR, event_source VARCHAR, event_id VARCHAR
);
-- Production deployments, and attempts at one that never got there (`deployed_at` is null).
CREATE TABLE IF NOT EXISTS silver.deployment (
    repository_id UUID, deployment_key VARCHAR, environment VARCHAR, sha VARCHAR, ref VARCHAR, tag VARCHAR,
    deployed_at TIMESTAMPTZ, attempt_failed_at TIMESTAMPTZ, contained_until TIMESTAMPTZ, estimated BOOLEAN,
    commits BIGINT, replaces VARCHAR, rollback BOOLEAN, hotfix BOOLEAN, failed BOOLEAN, restored_at TIMESTAMPTZ,
    agent_id UUID, agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
