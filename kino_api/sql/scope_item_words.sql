-- The last moment of which anything is told about the status of an item, and when a person first said that it began.
SELECT item.said_started_at, greatest(
    item.said_at,
    (SELECT max(activity.occurred_at) FROM kino.agent_activity AS activity
     WHERE activity.project_id = item.project_id
       AND lower(activity.task_id) = ANY (ARRAY[lower(item.key), CAST(item.id AS text)])
       AND activity.event_type IN ('task_started', 'task_completed', 'blocker_identified'))
) AS told_at
FROM kino.scope_item AS item WHERE item.id = :item_id
