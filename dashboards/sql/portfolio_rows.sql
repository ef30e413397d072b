-- One page of the portfolio's table: by initiative, those without one last, and within it by the column asked for.
-- Found and put in order by what is small; the rest is read for the rows that are shown.
WITH found AS (
    SELECT project.id, project.name, initiative.name AS initiative,
        CASE :sort
            WHEN 'status' THEN coalesce(array_position(
                ARRAY['BLOCKED', 'AT_RISK', 'ON_TRACK', 'COMPLETED'], kino.project_health(
                    project.status, project.end_date, project.time_zone, late.slipping > 0, summary.oldest_blocker_at,
                    summary.last_activity_at, :now)), 5)
            WHEN 'people' THEN summary.people
            WHEN 'agents' THEN summary.agents
            WHEN 'all_commits' THEN summary.commits
            WHEN 'commits' THEN coalesce(month.value, 0)
            WHEN 'blockers' THEN summary.open_blockers
            WHEN 'activity' THEN coalesce(extract(epoch FROM summary.last_activity_at), 0)
            ELSE 0
        END * CASE WHEN :falls THEN -1 ELSE 1 END AS measure,
        month.value AS commits_this_month, coalesce(late.slipping, 0) AS slipping
    FROM kino.visible_project(:viewer, :sees_all) AS project
    JOIN kino.project_summary AS summary ON summary.project_id = project.id
    LEFT JOIN (
        SELECT project_id, count(*) AS slipping FROM kino.slipping_dependency GROUP BY project_id
    ) AS late ON late.project_id = project.id
    LEFT JOIN kino.initiative ON initiative.id = project.initiative_id
    LEFT JOIN kino.metric_value AS month ON month.metric = 'commits' AND month.scope_type = 'project'
        AND month.period = :month AND month.scope_id = project.id::text
    WHERE project.archived_at IS NULL
      AND lower(project.name || ' ' || coalesce(initiative.name, '')) LIKE ALL (CAST(:patterns AS text[]))
), placed AS (
    SELECT found.*, count(*) OVER () AS matching,
        row_number() OVER (
            ORDER BY initiative IS NULL, lower(initiative), measure,
                CASE WHEN :sort = 'name' AND :falls THEN lower(name) END DESC, lower(name), id) AS place
    FROM found
)
SELECT placed.id, placed.name, placed.initiative, placed.commits_this_month, placed.matching, placed.slipping,
    project.status, project.status_reason, project.end_date, project.time_zone, summary.people, summary.agents, summary.commits, summary.last_activity_at,
    summary.agents_report, summary.weeks, summary.open_blockers, summary.oldest_blocker_at
FROM placed
JOIN kino.project ON project.id = placed.id
JOIN kino.project_summary AS summary ON summary.project_id = placed.id
WHERE placed.place > CAST(:skip AS bigint) AND placed.place <= CAST(:skip AS bigint) + CAST(:limit AS bigint)
ORDER BY placed.place
