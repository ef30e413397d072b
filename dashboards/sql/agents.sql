-- Agents that wrote or co-wrote a commit of the project or reported to it, by name.
WITH seen AS (
    SELECT identity.agent_id, "commit".committed_at AS seen_at
    FROM kino."commit"
    JOIN kino.repository ON repository.id = "commit".repository_id
    JOIN kino.identity ON identity.key = "commit".author_key
    WHERE repository.project_id = :project_id AND identity.agent_id IS NOT NULL
    UNION ALL
    SELECT "commit".agent_id, "commit".committed_at
    FROM kino."commit" JOIN kino.repository ON repository.id = "commit".repository_id
    WHERE repository.project_id = :project_id AND "commit".agent_id IS NOT NULL
    UNION ALL
    SELECT agent_id, occurred_at FROM kino.agent_activity WHERE project_id = :project_id
)
SELECT agent.name, max(seen.seen_at) AS last_seen_at
FROM seen JOIN kino.agent ON agent.id = seen.agent_id
GROUP BY agent.id, agent.name
ORDER BY lower(agent.name)
