-- All that one sees of the portfolio in a few counts, the busiest week of any project, and what to look at first:
-- blocked projects, then blockers of today, then what went quiet.
WITH judged AS MATERIALIZED (
    SELECT project.id, project.name, summary.last_activity_at, summary.open_blockers, summary.busiest_week,
        kino.project_health(
            project.status, project.end_date, project.time_zone, late.project_id IS NOT NULL,
            summary.oldest_blocker_at, summary.last_activity_at, :now) AS health
    FROM kino.visible_project(:viewer, :sees_all) AS project
    JOIN kino.project_summary AS summary ON summary.project_id = project.id
    LEFT JOIN (SELECT DISTINCT project_id FROM kino.slipping_dependency) AS late ON late.project_id = project.id
    WHERE project.archived_at IS NULL
)
SELECT count(*) AS projects,
    count(*) FILTER (WHERE last_activity_at >= CAST(:now AS timestamptz) - interval '168 hours') AS active,
    count(*) FILTER (WHERE health = 'BLOCKED') AS blocked,
    count(*) FILTER (WHERE health = 'AT_RISK') AS at_risk,
    count(*) FILTER (WHERE health IN ('BLOCKED', 'AT_RISK') OR open_blockers > 0) AS concerns,
    coalesce(max(busiest_week), 0) AS busiest_week,
    ARRAY(
        SELECT id FROM judged WHERE health IN ('BLOCKED', 'AT_RISK') OR open_blockers > 0
        ORDER BY CASE WHEN health = 'BLOCKED' THEN 1 WHEN open_blockers > 0 THEN 2 ELSE 3 END, lower(name), id
        LIMIT :worst) AS worst
FROM judged
