-- Test runs that agents reported; one without counts is kept, so that it lowers the coverage.
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT project_id, occurred_at, agent_id, agent_type, passed, failed, event_source, event_id
FROM silver.agent_activity
WHERE event_type = 'test_execution' AND event_id IN (SELECT event_id FROM window_event WHERE source = 'agent');
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
