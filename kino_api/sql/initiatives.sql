SELECT initiative.id, initiative.name, initiative.created_at
FROM kino.initiative
WHERE (:sees_all OR EXISTS (
    SELECT FROM kino.visible_project(:viewer, :sees_all) AS project WHERE project.initiative_id = initiative.id))
  AND (CAST(:name AS text) IS NULL OR (lower(initiative.name), initiative.id) > (:name, CAST(:id AS uuid)))
ORDER BY lower(initiative.name), initiative.id
LIMIT :limit
