SELECT id, project_id, name, description, due_date, reached_at, created_at, updated_at, created_by
FROM kino.milestone
WHERE project_id = :project_id AND id = :id
