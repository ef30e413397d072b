-- The widest span, the model that was named last, the first parent of the alphabet, and the counts of what is new.
INSERT INTO kino.agent_session AS session (
    agent_id, project_id, session_id, parent_agent, model, model_told_at, first_seen_at, last_seen_at, tasks_started,
    commits, test_runs, tasks_completed, blockers)
SELECT * FROM unnest(
    %(agent_id)s::uuid[], %(project_id)s::uuid[], %(session_id)s::text[], %(parent_agent)s::text[], %(model)s::text[],
    %(model_told_at)s::timestamptz[], %(first_seen_at)s::timestamptz[], %(last_seen_at)s::timestamptz[],
    %(tasks_started)s::integer[], %(commits)s::integer[], %(test_runs)s::integer[], %(tasks_completed)s::integer[],
    %(blockers)s::integer[])
ON CONFLICT (agent_id, project_id, session_id) DO UPDATE SET
    parent_agent = least(session.parent_agent COLLATE "C", excluded.parent_agent),
    (model, model_told_at) = (
        SELECT told.model, told.model_told_at
        FROM (VALUES (session.model, session.model_told_at), (excluded.model, excluded.model_told_at))
            AS told (model, model_told_at)
        ORDER BY told.model_told_at DESC NULLS LAST, told.model COLLATE "C" DESC LIMIT 1),
    first_seen_at = least(session.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(session.last_seen_at, excluded.last_seen_at),
    tasks_started = session.tasks_started + excluded.tasks_started,
    commits = session.commits + excluded.commits,
    test_runs = session.test_runs + excluded.test_runs,
    tasks_completed = session.tasks_completed + excluded.tasks_completed,
    blockers = session.blockers + excluded.blockers
