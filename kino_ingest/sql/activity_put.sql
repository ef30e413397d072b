-- Answers what is new of each session: what was told before is not counted again.
WITH put AS (
    INSERT INTO kino.agent_activity (
        occurred_at, source, event_id, event_row, project_id, agent_id, event_type, task_id, session_id, model, data,
        clock_ahead)
    SELECT
        occurred_at, source, event_id, event_row, project_id, agent_id, event_type, task_id, session_id, model,
        data::jsonb, clock_ahead
    FROM unnest(
        %(occurred_at)s::timestamptz[], %(source)s::text[], %(event_id)s::text[], %(event_row)s::bigint[],
        %(project_id)s::uuid[], %(agent_id)s::uuid[], %(event_type)s::text[], %(task_id)s::text[],
        %(session_id)s::text[], %(model)s::text[], %(data)s::text[], %(clock_ahead)s::boolean[]
    ) AS told (
        occurred_at, source, event_id, event_row, project_id, agent_id, event_type, task_id, session_id, model, data,
        clock_ahead)
    ON CONFLICT DO NOTHING
    RETURNING agent_id, project_id, session_id, event_type
)
SELECT agent_id, project_id, session_id,
    count(*) FILTER (WHERE event_type = 'task_started') AS tasks_started,
    count(*) FILTER (WHERE event_type = 'code_commit') AS commits,
    count(*) FILTER (WHERE event_type = 'test_execution') AS test_runs,
    count(*) FILTER (WHERE event_type = 'task_completed') AS tasks_completed,
    count(*) FILTER (WHERE event_type = 'blocker_identified') AS blockers
FROM put WHERE session_id IS NOT NULL
GROUP BY agent_id, project_id, session_id
