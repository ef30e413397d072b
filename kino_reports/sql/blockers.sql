-- Blockers open at a moment, oldest first, by the definition of the metric blockers_open.
SELECT blocker.project_id, blocker.description, blocker.task_id AS task, agent.name AS agent, blocker.opened_at AS since
FROM kino.open_blocker(CAST(:projects AS uuid[]), CAST(:moment AS timestamptz)) AS blocker JOIN kino.agent ON agent.id = blocker.agent_id
ORDER BY blocker.opened_at, blocker.project_id, blocker.blocker_id;
