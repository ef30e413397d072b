INSERT INTO kino.agent_activity (
    occurred_at, source, event_id, event_row, project_id, agent_id, event_type, task_id, session_id, model, data,
    clock_ahead)
SELECT occurred_at, source, event_id, event_row, project_id, agent_id, event_type, task_id, session_id, model,
    data::jsonb, clock_ahead
FROM unnest(
    %(occurred_at)s::timestamptz[], %(source)s::text[], %(event_id)s::text[], %(event_row)s::bigint[],
    %(project_id)s::uuid[], %(agent_id)s::uuid[], %(event_type)s::text[], %(task_id)s::text[],
    %(session_id)s::text[], %(model)s::text[], %(data)s::text[], %(clock_ahead)s::boolean[]
) AS told (
    occurred_at, source, event_id, event_row, project_id, agent_id, event_type, task_id, session_id, model, data,
    clock_ahead)
ON CONFLICT DO NOTHING
