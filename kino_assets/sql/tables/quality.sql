-- Coverage that agents or Codecov told of a commit, as a share.
CREATE TABLE IF NOT EXISTS silver.coverage_report (
    repository_id UUID, project_id UUID, sha VARCHAR, coverage DOUBLE, occurred_at TIMESTAMPTZ,
    event_source VARCHAR, event_id VARCHAR
);
-- A named check or suite on one commit: when it first passed and when it first failed.
CREATE TABLE IF NOT EXISTS silver.tested_commit (
    place_id UUID, name VARCHAR, sha VARCHAR, repository_id UUID, project_id UUID,
    passed_at TIMESTAMPTZ, passed_id VARCHAR, failed_at TIMESTAMPTZ, failed_id VARCHAR,
    agent_id UUID, agent_type VARCHAR, occurred_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR
);
-- What GitHub told of its security and code scanning alerts, a row an event.
CREATE TABLE IF NOT EXISTS silver.alert_event (
    repository_id UUID, tool VARCHAR, number BIGINT, action VARCHAR, open BOOLEAN, class VARCHAR, severity VARCHAR,
    created_at TIMESTAMPTZ, pull_request BIGINT, sha VARCHAR, occurred_at TIMESTAMPTZ,
    event_source VARCHAR, event_id VARCHAR
);
-- +1 where an alert opens, -1 where it closes.
CREATE TABLE IF NOT EXISTS silver.alert_change (
    repository_id UUID, tool VARCHAR, number BIGINT, class VARCHAR, severity VARCHAR, occurred_at TIMESTAMPTZ,
    change INTEGER, agent_id UUID, agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
-- An alert's first and last detection (`role` introduced, fixed), and the pull request that each was on, if it is told.
CREATE TABLE IF NOT EXISTS silver.alert_origin (
    repository_id UUID, tool VARCHAR, number BIGINT, role VARCHAR, occurred_at TIMESTAMPTZ, pull_request BIGINT,
    person_id UUID, agent_id UUID, agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
