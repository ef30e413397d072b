SELECT project.id, project.name, project.status, project.status_reason, project.end_date, project.time_zone,
    (SELECT count(*) FROM kino.slipping_dependency AS late WHERE late.project_id = project.id) AS slipping,
    summary.last_activity_at, summary.open_blockers, summary.oldest_blocker_at
FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS asked (id, place)
JOIN kino.project ON project.id = asked.id
JOIN kino.project_summary AS summary ON summary.project_id = asked.id
ORDER BY asked.place
