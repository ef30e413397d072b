UPDATE kino.scope_item AS item
SET position = wanted.place, updated_at = greatest(clock_timestamp(), item.updated_at + interval '1 microsecond')
FROM unnest(CAST(:order AS uuid[])) WITH ORDINALITY AS wanted (id, place)
WHERE item.id = wanted.id AND item.project_id = :project_id AND item.position <> wanted.place
RETURNING item.id
