-- An agent's sessions in the projects that the viewer sees, the one last heard of first.
SELECT session.project_id, project.name AS project, session.session_id, session.parent_agent, session.model,
    session.first_seen_at, session.last_seen_at, session.tasks_started, session.commits, session.test_runs,
    session.tasks_completed, session.blockers
FROM kino.agent_session AS session
JOIN kino.visible_project(:viewer, :sees_all) AS project ON project.id = session.project_id
WHERE session.agent_id = :agent_id
  -- The first condition is what the index by time can use, the second what ties need.
  AND (CAST(:after_time AS timestamptz) IS NULL OR session.last_seen_at <= :after_time)
  AND (CAST(:after_time AS timestamptz) IS NULL
       OR (session.last_seen_at, CAST(session.project_id AS text), session.session_id)
          < (:after_time, :after_project, :after_session))
ORDER BY session.last_seen_at DESC, CAST(session.project_id AS text) DESC, session.session_id DESC
LIMIT :limit
