SELECT id, project_id, name, description, due_date, reached_at, created_at, updated_at, created_by
FROM kino.milestone
WHERE project_id = :project_id
  AND (CAST(:after_id AS uuid) IS NULL OR (coalesce(due_date, 'infinity'), id)
       > (coalesce(CAST(:after_date AS date), 'infinity'), CAST(:after_id AS uuid)))
ORDER BY coalesce(due_date, 'infinity'), id
LIMIT :limit
