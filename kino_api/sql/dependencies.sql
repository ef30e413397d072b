SELECT dependency.id, dependency.project_id, dependency.item_id, dependency.depends_on_project_id,
    target.name AS depends_on_project, dependency.depends_on_item_id, dependency.note,
    EXISTS (SELECT FROM kino.slipping_dependency AS slipping WHERE slipping.id = dependency.id) AS slips,
    dependency.created_at, dependency.created_by
FROM kino.dependency
JOIN kino.visible_project(:viewer, :sees_all) AS target ON target.id = dependency.depends_on_project_id
WHERE dependency.project_id = :project_id
  AND (CAST(:dependency_id AS uuid) IS NULL OR dependency.id = :dependency_id)
  AND (CAST(:after_id AS uuid) IS NULL OR (dependency.created_at, dependency.id)
       > (CAST(:after_time AS timestamptz), CAST(:after_id AS uuid)))
ORDER BY dependency.created_at, dependency.id
LIMIT :limit
