-- What to look at first: blocked projects, then blockers of today, then what went quiet.
SELECT project.id, project.name, project.status, project.status_reason, project.end_date, project.time_zone,
    coalesce(late.slipping, 0) AS slipping, summary.last_activity_at, summary.open_blockers, summary.oldest_blocker_at
FROM kino.visible_project(:viewer, :sees_all) AS project
JOIN kino.project_summary AS summary ON summary.project_id = project.id
LEFT JOIN (
    SELECT project_id, count(*) AS slipping FROM kino.slipping_dependency GROUP BY project_id
) AS late ON late.project_id = project.id
CROSS JOIN LATERAL (
    SELECT kino.project_health(
        project.status, project.end_date, project.time_zone, late.slipping > 0, summary.oldest_blocker_at,
        summary.last_activity_at, :now) AS health
) AS judged
WHERE project.archived_at IS NULL
  AND (judged.health IN ('BLOCKED', 'AT_RISK') OR summary.open_blockers > 0)
ORDER BY
    CASE WHEN judged.health = 'BLOCKED' THEN 1 WHEN summary.open_blockers > 0 THEN 2 ELSE 3 END,
    lower(project.name), project.id
LIMIT :limit
