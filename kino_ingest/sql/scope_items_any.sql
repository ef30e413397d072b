SELECT project_id FROM unnest(%(project_ids)s::uuid[]) AS asked (project_id)
WHERE EXISTS (SELECT FROM kino.scope_item AS item WHERE item.project_id = asked.project_id)
