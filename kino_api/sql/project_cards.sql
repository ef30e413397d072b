-- One row a project for lists: its own row and what was counted of it.
WITH chosen AS (
    SELECT project.id, project.name, project.initiative_id, initiative.name AS initiative, project.description,
        project.priority, project.status, project.status_reason, project.start_date, project.end_date,
        project.time_zone, project.sample, project.created_at, project.updated_at, project.archived_at
    FROM kino.visible_project(:viewer, :sees_all) AS project LEFT JOIN kino.initiative ON initiative.id = project.initiative_id
    WHERE (CAST(:project_id AS uuid) IS NULL OR project.id = :project_id)
      AND (:archived OR project.archived_at IS NULL)
      AND (CAST(:initiative_id AS uuid) IS NULL OR project.initiative_id = :initiative_id)
      AND (CAST(:text AS text) IS NULL OR strpos(lower(project.name), lower(:text)) > 0)
      AND (CAST(:after_name AS text) IS NULL
           OR (lower(project.name), project.id) > (:after_name, CAST(:after_id AS uuid)))
    ORDER BY lower(project.name), project.id
    LIMIT :limit
)
SELECT chosen.*,
    summary.repositories, summary.people, summary.agents, summary.commits, summary.last_activity_at,
    summary.agents_report, summary.weeks, summary.open_blockers, summary.oldest_blocker_at
FROM chosen JOIN kino.project_summary AS summary ON summary.project_id = chosen.id
ORDER BY lower(chosen.name), chosen.id
