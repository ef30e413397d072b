-- Every table of the lake. Each catalog (the lake itself, and the scratch copy that the check rebuilds) gets the same.
CREATE SCHEMA IF NOT EXISTS bronze;
CREATE SCHEMA IF NOT EXISTS silver;
CREATE SCHEMA IF NOT EXISTS gold;

-- The log as landed, without the raw bytes, which stay in PostgreSQL.
CREATE TABLE IF NOT EXISTS bronze.event (
    xid UBIGINT, source VARCHAR, event_id VARCHAR, type VARCHAR, occurred_at TIMESTAMPTZ, received_at TIMESTAMPTZ,
    project_id UUID, repository VARCHAR, body VARCHAR
);
-- Where the next window begins, which database the log belongs to, and by which definitions all was computed.
CREATE TABLE IF NOT EXISTS bronze.cursor (
    low UBIGINT, system_identifier VARCHAR, timeline INTEGER, definitions VARCHAR
);
-- Which (metric, scope, day) slices each window touched, whatever their age.
CREATE TABLE IF NOT EXISTS bronze.ledger (
    high UBIGINT, metric VARCHAR, scope_type VARCHAR, scope_id VARCHAR, day DATE
);

CREATE TABLE IF NOT EXISTS silver.project (
    project_id UUID, name VARCHAR, initiative_id UUID, time_zone VARCHAR, start_date DATE, end_date DATE,
    archived BOOLEAN, told_at TIMESTAMPTZ, told_id VARCHAR
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
