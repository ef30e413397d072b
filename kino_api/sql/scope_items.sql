-- The items of a project in their order.
SELECT item.id, item.project_id, item.key, item.title, item.description, item.priority, item.status, item.start_date,
    item.end_date, item.assignee_type, item.assignee_id, coalesce("user".name, agent.name) AS assignee,
    item.milestone_id, item.position, item.started_at, item.completed_at, item.created_at, item.updated_at,
    item.created_by
FROM kino.scope_item AS item
LEFT JOIN kino."user" ON item.assignee_type = 'USER' AND "user".id = item.assignee_id
LEFT JOIN kino.agent ON item.assignee_type = 'AGENT' AND agent.id = item.assignee_id
WHERE item.project_id = :project_id
  AND (CAST(:item_id AS uuid) IS NULL OR item.id = :item_id)
  AND (CAST(:status AS text) IS NULL OR item.status = :status)
  AND (CAST(:assignee_id AS uuid) IS NULL OR item.assignee_id = :assignee_id)
  AND (CAST(:milestone_id AS uuid) IS NULL OR item.milestone_id = :milestone_id)
  AND (CAST(:text AS text) IS NULL OR strpos(lower(concat_ws(' ', item.key, item.title, item.description)), lower(:text)) > 0)
  AND (CAST(:after_position AS integer) IS NULL
       OR (item.position, item.id) > (:after_position, CAST(:after_id AS uuid)))
ORDER BY item.position, item.id
LIMIT :limit
