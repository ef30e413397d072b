SELECT progress_percentage, last_update_at,
    (SELECT count(*) FROM kino.agent_activity WHERE agent_activity.project_id = :project_id) AS activities
FROM kino.project_metadata(:project_id)
