-- One row a project for lists: its own row and what was counted of it.
-- The names in braces are filled in by `project_list.ordered`: the order is one of a few, each with its index.
WITH chosen AS (
    SELECT project.id
    FROM kino.visible_project(:viewer, :sees_all) AS project
    JOIN kino.project_summary AS summary ON summary.project_id = project.id
    LEFT JOIN (SELECT DISTINCT project_id FROM kino.slipping_dependency) AS late
        ON CAST(:health AS text) IS NOT NULL AND late.project_id = project.id
    WHERE (CAST(:project_id AS uuid) IS NULL OR project.id = :project_id)
      AND (:archived OR project.archived_at IS NULL)
      AND (CAST(:initiative_id AS uuid) IS NULL OR project.initiative_id = :initiative_id)
      AND (CAST(:status AS text) IS NULL OR project.status = :status)
      AND (CAST(:priority AS text) IS NULL OR project.priority = :priority)
      AND (CAST(:owner AS uuid) IS NULL OR EXISTS (
        SELECT FROM kino.project_member AS leader
        WHERE leader.project_id = project.id AND leader.user_id = :owner AND leader.role = 'PROJECT_LEADER'))
      AND (CAST(:text AS text) IS NULL OR strpos(lower(project.name), lower(:text)) > 0
           OR strpos(lower(project.description), lower(:text)) > 0)
      AND (CAST(:health AS text) IS NULL OR :health = kino.project_health(
        project.status, project.end_date, project.time_zone, late.project_id IS NOT NULL,
        summary.oldest_blocker_at, summary.last_activity_at, :now))
      AND (CAST(:after_id AS uuid) IS NULL OR ({key}, project.id) {beyond} ({after_key}, CAST(:after_id AS uuid)))
    ORDER BY {key} {direction}, project.id {direction}
    LIMIT :limit
)
SELECT project.id, project.name, project.initiative_id, initiative.name AS initiative, project.description,
    project.priority, project.status, project.status_reason, project.start_date, project.end_date,
    project.time_zone, project.sample, project.created_at, project.updated_at, project.archived_at,
    summary.repositories, summary.people, summary.agents, summary.commits, summary.last_activity_at,
    summary.agents_report, summary.weeks, summary.open_blockers, summary.oldest_blocker_at,
    (SELECT count(*) FROM kino.slipping_dependency AS late WHERE late.project_id = project.id) AS slipping
FROM chosen
JOIN kino.project ON project.id = chosen.id
JOIN kino.project_summary AS summary ON summary.project_id = project.id
LEFT JOIN kino.initiative ON initiative.id = project.initiative_id
ORDER BY {key} {direction}, project.id {direction}
