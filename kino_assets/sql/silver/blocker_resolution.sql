-- Blockers that people closed.
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT (body ->> '$.project_id')::UUID AS project_id, (body ->> '$.blocker_id') AS blocker_id, occurred_at,
       source AS event_source, event_id
FROM window_event WHERE source = 'kino' AND type = 'blocker_resolved';
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
