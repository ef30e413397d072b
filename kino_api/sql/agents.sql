-- Agents with the projects where they wrote or co-wrote a commit or reported something.
WITH visible AS (
    SELECT id, name FROM kino.visible_project(:viewer, :sees_all)
), seen AS (
    SELECT repository.project_id, "commit".agent_id
    FROM kino."commit" JOIN kino.repository ON repository.id = "commit".repository_id
    JOIN visible ON visible.id = repository.project_id
    WHERE "commit".agent_id IS NOT NULL
    UNION
    SELECT agent_activity.project_id, agent_activity.agent_id
    FROM kino.agent_activity JOIN visible ON visible.id = agent_activity.project_id
), chosen AS (
    SELECT agent.id, agent.name, agent.agent_type, agent.first_seen_at, agent.last_seen_at, agent.last_event_type
    FROM kino.agent
    WHERE (CAST(:agent_id AS uuid) IS NULL OR agent.id = :agent_id)
      AND (:sees_all OR EXISTS (SELECT FROM seen WHERE seen.agent_id = agent.id))
      AND (CAST(:project_id AS uuid) IS NULL
           OR EXISTS (SELECT FROM seen WHERE seen.agent_id = agent.id AND seen.project_id = :project_id))
      AND (CAST(:after_name AS text) IS NULL
           OR (lower(agent.name), agent.id) > (:after_name, CAST(:after_id AS uuid)))
    ORDER BY lower(agent.name), agent.id
    LIMIT :limit
)
SELECT chosen.*, coalesce(array_agg(project.name ORDER BY lower(project.name)) FILTER (WHERE project.id IS NOT NULL),
    '{}') AS projects
FROM chosen
LEFT JOIN seen ON seen.agent_id = chosen.id
LEFT JOIN visible AS project ON project.id = seen.project_id
GROUP BY chosen.id, chosen.name, chosen.agent_type, chosen.first_seen_at, chosen.last_seen_at, chosen.last_event_type
ORDER BY lower(chosen.name), chosen.id
