SELECT FROM kino.repository
JOIN kino.visible_project(:viewer, :sees_all) AS project ON project.id = repository.project_id
WHERE repository.id = :id
