-- How many events came in, by the quarter of an hour that any time zone's days begin with: `place` is the repository
-- that they are of, or else the project.
CREATE TABLE IF NOT EXISTS silver.landed_event (
    place UUID, source VARCHAR, since TIMESTAMPTZ, repository_id UUID, project_id UUID, events BIGINT,
    agent_id UUID, agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
