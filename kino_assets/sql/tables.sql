-- Every table of the lake. Each catalog (the lake itself, and the scratch copy that the check rebuilds) gets the same.
CREATE SCHEMA IF NOT EXISTS bronze;
CREATE SCHEMA IF NOT EXISTS silver;
CREATE SCHEMA IF NOT EXISTS gold;

-- The log as landed, without the raw bytes, which stay in PostgreSQL.
CREATE TABLE IF NOT EXISTS bronze.event (
    xid UBIGINT, source VARCHAR, event_id VARCHAR, type VARCHAR, occurred_at TIMESTAMPTZ, received_at TIMESTAMPTZ,
    project_id UUID, repository VARCHAR, body VARCHAR
);
-- Where the next window begins, and which database the log belongs to.
CREATE TABLE IF NOT EXISTS bronze.cursor (low UBIGINT, system_identifier VARCHAR, timeline INTEGER);
-- Which (metric, scope, day) slices each window touched, whatever their age.
CREATE TABLE IF NOT EXISTS bronze.ledger (
    high UBIGINT, metric VARCHAR, scope_type VARCHAR, scope_id VARCHAR, day DATE
);

CREATE TABLE IF NOT EXISTS silver.project (
    project_id UUID, name VARCHAR, initiative_id UUID, time_zone VARCHAR, told_at TIMESTAMPTZ, told_id VARCHAR
);
-- What was deleted stays so, in whatever order the log tells of it.
CREATE TABLE IF NOT EXISTS silver.deleted_project (project_id UUID);
CREATE TABLE IF NOT EXISTS silver.repository (
    repository_id UUID, full_name VARCHAR, project_id UUID, told_at TIMESTAMPTZ, told_id VARCHAR
);
-- A git signature or a login, and what it is.
CREATE TABLE IF NOT EXISTS silver.identity (
    name VARCHAR, email VARCHAR, login VARCHAR, identity_key VARCHAR, kind VARCHAR, person_id UUID,
    agent VARCHAR, agent_id UUID, agent_type VARCHAR
);
CREATE TABLE IF NOT EXISTS silver.agent (agent_name VARCHAR, declared_type VARCHAR, agent_id UUID, agent_type VARCHAR);

CREATE TABLE IF NOT EXISTS silver.commit (
    repository_id UUID, sha VARCHAR, parents VARCHAR[], parent_count INTEGER, subject VARCHAR,
    authored_at TIMESTAMPTZ, committed_at TIMESTAMPTZ, author_kind VARCHAR, person_id UUID,
    lines_added BIGINT, lines_deleted BIGINT, size_lines BIGINT,
    agent_marked BOOLEAN, agent_id UUID, agent_type VARCHAR, author_recently_with_agent BOOLEAN,
    event_source VARCHAR, event_id VARCHAR
);
-- What GitHub last said of a pull request.
CREATE TABLE IF NOT EXISTS silver.github_pull_request (
    repository_id UUID, number BIGINT, title VARCHAR, login VARCHAR, branch VARCHAR, labels VARCHAR[],
    opened_at TIMESTAMPTZ, ready_at TIMESTAMPTZ, merged_at TIMESTAMPTZ, closed_at TIMESTAMPTZ, merge_sha VARCHAR,
    lines BIGINT, told_at TIMESTAMPTZ, event_id VARCHAR
);
-- The commits that came in with a merged pull request.
CREATE TABLE IF NOT EXISTS silver.pull_request_commit (repository_id UUID, number BIGINT, sha VARCHAR);
CREATE TABLE IF NOT EXISTS silver.pull_request (
    repository_id UUID, number BIGINT, title VARCHAR, opened_at TIMESTAMPTZ, merged_at TIMESTAMPTZ,
    closed_at TIMESTAMPTZ, author_kind VARCHAR, person_id UUID, size_lines BIGINT,
    agent_marked BOOLEAN, agent_id UUID, agent_type VARCHAR, author_recently_with_agent BOOLEAN,
    event_source VARCHAR, event_id VARCHAR
);
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
-- +1 where a blocker opens, -1 where it closes.
CREATE TABLE IF NOT EXISTS silver.blocker_change (
    project_id UUID, blocker_id VARCHAR, occurred_at TIMESTAMPTZ, change INTEGER, agent_id UUID, agent_type VARCHAR,
    event_source VARCHAR, event_id VARCHAR
);

CREATE TABLE IF NOT EXISTS gold.metric_value (
    metric VARCHAR, version INTEGER, scope_type VARCHAR, scope_id VARCHAR, grain VARCHAR, period_start DATE,
    value DOUBLE, lower DOUBLE, upper DOUBLE, numerator DOUBLE, denominator DOUBLE, upper_numerator DOUBLE,
    n BIGINT, entities BIGINT
);
