-- Agents that are at work: heard of in the last 4 hours, and not by the end of their task. Whatever else they report,
-- one that has begun nothing and brought nothing about for 30 minutes is stalled.
WITH heard AS (
    SELECT a.place, a.moment, s.agent_id, any_value(s.project_id) AS project_id,
           max(s.occurred_at) AS heard_at,
           arg_max(s.event_type, (s.occurred_at, s.event_source, s.event_id)) = 'task_completed' AS ended,
           arg_max({'source': s.event_source, 'id': s.event_id, 'at': s.occurred_at},
                   (s.occurred_at, s.event_source, s.event_id))
               FILTER (s.event_type IN ('task_started', 'code_commit', 'test_execution', 'task_completed')) AS moved,
           arg_max({'source': s.event_source, 'id': s.event_id, 'at': s.occurred_at},
                   (s.occurred_at, s.event_source, s.event_id)) AS said,
           min(s.occurred_at) AS first_heard_at
    FROM (
        SELECT activity.*, unnest(scopes_of(project_id, initiative_id, NULL, NULL, agent_id, agent_type)) AS scope
        FROM silver.agent_activity activity JOIN known_project USING (project_id)
        WHERE occurred_at <= (SELECT max(moment) FROM asked_state)
    ) s
    JOIN asked_state a ON a.scope_type = s.scope.scope_type AND a.scope_id = s.scope.scope_id
        AND s.occurred_at <= a.moment
    GROUP BY a.place, a.moment, s.agent_id
),
timed AS (
    SELECT heard.*, coalesce(moved.at, first_heard_at) AS still_since,
           heard_at > moment - INTERVAL 4 HOUR AND NOT ended AS counted
    FROM heard
)
SELECT place, 'agent ' || name AS entity, project_id, coalesce(moved, said).source AS event_source,
       coalesce(moved, said).id AS event_id, still_since AS occurred_at, counted,
       (still_since <= moment - INTERVAL 30 MINUTE)::INTEGER AS numerator,
       CASE WHEN numerator = 1 THEN name || ': nothing for ' || date_diff('minute', still_since, moment) || ' minutes' END
           AS reason
FROM timed JOIN (SELECT agent_id, min(agent_name) AS name FROM silver.agent GROUP BY agent_id) USING (agent_id)
