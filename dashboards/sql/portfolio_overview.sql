-- All that one sees of the portfolio in a few counts, and the busiest week of any project.
SELECT count(*) AS projects,
    count(*) FILTER (WHERE last_activity_at >= CAST(:now AS timestamptz) - interval '168 hours') AS active,
    count(*) FILTER (WHERE health = 'BLOCKED') AS blocked,
    count(*) FILTER (WHERE health = 'AT_RISK') AS at_risk,
    count(*) FILTER (WHERE health IN ('BLOCKED', 'AT_RISK') OR open_blockers > 0) AS concerns,
    coalesce(max(busiest_week), 0) AS busiest_week
FROM (
    SELECT summary.last_activity_at, summary.open_blockers, summary.busiest_week,
        kino.project_health(
            project.status, project.end_date, project.time_zone, late.slipping > 0, summary.oldest_blocker_at,
            summary.last_activity_at, :now) AS health
    FROM kino.visible_project(:viewer, :sees_all) AS project
    JOIN kino.project_summary AS summary ON summary.project_id = project.id
    LEFT JOIN (
        SELECT project_id, count(*) AS slipping FROM kino.slipping_dependency GROUP BY project_id
    ) AS late ON late.project_id = project.id
    WHERE project.archived_at IS NULL
) AS judged
