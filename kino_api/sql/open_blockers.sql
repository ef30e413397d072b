SELECT blocker.project_id, blocker.blocker_id, blocker.task_id, blocker.description, blocker.agent_id,
    agent.name AS agent, agent.agent_type, blocker.opened_at, blocker.last_reported_at
FROM kino.open_blockers(:project_ids) AS blocker LEFT JOIN kino.agent ON agent.id = blocker.agent_id
ORDER BY blocker.opened_at, blocker.blocker_id
