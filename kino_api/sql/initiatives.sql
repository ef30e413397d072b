SELECT initiative.id, initiative.name, initiative.description, initiative.created_at, initiative.updated_at,
    initiative.created_by
FROM kino.initiative
WHERE (:sees_all OR EXISTS (
    SELECT FROM kino.visible_project(:viewer, :sees_all) AS project WHERE project.initiative_id = initiative.id))
  AND (CAST(:text AS text) IS NULL OR strpos(lower(initiative.name), lower(:text)) > 0
       OR strpos(lower(initiative.description), lower(:text)) > 0)
  AND (CAST(:name AS text) IS NULL OR (lower(initiative.name), initiative.id) > (lower(:name), CAST(:id AS uuid)))
ORDER BY lower(initiative.name), initiative.id
LIMIT :limit
