SELECT activity.event_row, activity.event_id, activity.source, activity.occurred_at, activity.project_id,
    activity.agent_id, coalesce(agent.name, '') AS agent_name, coalesce(agent.agent_type, 'OTHER') AS agent_type,
    activity.event_type, activity.task_id, activity.session_id, activity.model, activity.data,
    activity.clock_ahead
FROM kino.agent_activity AS activity LEFT JOIN kino.agent ON agent.id = activity.agent_id
WHERE activity.project_id = :project_id
  -- The first condition is what the index by time can use, the second what ties need. What claims to be from a far
  -- future would stay on top for ever: it shows when its time comes.
  AND activity.occurred_at <= coalesce(CAST(:occurred_at AS timestamptz), now() + interval '1 day')
  AND (CAST(:occurred_at AS timestamptz) IS NULL
       OR (activity.occurred_at, activity.source, activity.event_id) < (:occurred_at, :source, :event_id))
ORDER BY activity.occurred_at DESC, activity.source DESC, activity.event_id DESC
LIMIT :limit
