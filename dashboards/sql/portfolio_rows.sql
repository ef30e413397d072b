-- One page of the portfolio's table: by initiative, those without one last, and within it by the column asked for.
-- Found and put in order by what is small, and by no more than the order needs; the rest is read for what is shown.
WITH found AS MATERIALIZED (
    SELECT project.id, lower(project.name) AS name, lower(initiative.name) AS initiative,
        CASE :sort
            WHEN 'status' THEN coalesce(array_position(
                ARRAY['BLOCKED', 'AT_RISK', 'ON_TRACK', 'COMPLETED'],
                kino.project_health(
                    project.status, project.end_date, project.time_zone, late.project_id IS NOT NULL,
                    summary.oldest_blocker_at, summary.last_activity_at, :now)), 5)
            WHEN 'people' THEN summary.people
            WHEN 'agents' THEN summary.agents
            WHEN 'all_commits' THEN summary.commits
            WHEN 'commits' THEN coalesce(month.value, 0)
            WHEN 'blockers' THEN summary.open_blockers
            WHEN 'activity' THEN coalesce(extract(epoch FROM summary.last_activity_at), 0)
            ELSE 0
        END * CASE WHEN :falls THEN -1 ELSE 1 END AS measure
    FROM kino.visible_project(:viewer, :sees_all) AS project
    JOIN kino.project_summary AS summary ON summary.project_id = project.id
    LEFT JOIN kino.initiative ON initiative.id = project.initiative_id
    LEFT JOIN (SELECT DISTINCT project_id FROM kino.slipping_dependency) AS late
        ON :sort = 'status' AND late.project_id = project.id
    LEFT JOIN kino.metric_value AS month ON :sort = 'commits' AND month.metric = 'commits'
        AND month.scope_type = 'project' AND month.period = :month AND month.scope_id = project.id::text
    WHERE project.archived_at IS NULL
      AND (CAST(:patterns AS text[]) = '{}'
           OR lower(project.name || ' ' || coalesce(initiative.name, '')) LIKE ALL (CAST(:patterns AS text[])))
), shown AS (
    SELECT id, name, initiative, measure FROM found
    ORDER BY initiative, measure, CASE WHEN :sort = 'name' AND :falls THEN name END DESC, name, id
    LIMIT :limit OFFSET :skip
)
SELECT project.id, project.name, initiative.name AS initiative, month.value AS commits_this_month,
    (SELECT count(*) FROM found) AS matching,
    (SELECT count(*) FROM kino.slipping_dependency AS late WHERE late.project_id = project.id) AS slipping,
    project.status, project.status_reason, project.end_date, project.time_zone, summary.people, summary.agents,
    summary.commits, summary.last_activity_at, summary.agents_report, summary.weeks, summary.open_blockers,
    summary.oldest_blocker_at
FROM shown
JOIN kino.project ON project.id = shown.id
JOIN kino.project_summary AS summary ON summary.project_id = shown.id
LEFT JOIN kino.initiative ON initiative.id = project.initiative_id
LEFT JOIN kino.metric_value AS month ON month.metric = 'commits' AND month.scope_type = 'project'
    AND month.period = :month AND month.scope_id = shown.id::text
ORDER BY shown.initiative, shown.measure, CASE WHEN :sort = 'name' AND :falls THEN shown.name END DESC, shown.name,
    shown.id
