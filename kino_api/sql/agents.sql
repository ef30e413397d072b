-- Agents with the projects where they wrote or co-wrote a commit or reported something. One that was seen only where
-- no project is, or is any more, counts nowhere and is not listed.
WITH chosen AS (
    SELECT agent.id, agent.name, agent.agent_type, agent.first_seen_at, agent.last_seen_at, agent.last_event_type
    FROM kino.agent
    WHERE (CAST(:agent_id AS uuid) IS NULL OR agent.id = :agent_id)
      AND (:sees_all AND agent.id = :agent_id OR EXISTS (
        SELECT FROM kino.project_agent AS seen
        JOIN kino.visible_project(:viewer, :sees_all) AS project ON project.id = seen.project_id
        WHERE seen.agent_id = agent.id
        -- Looked up agent by agent, in the order of the list: joined, all projects of all agents would be read first.
        OFFSET 0))
      AND (CAST(:project_id AS uuid) IS NULL OR EXISTS (
        SELECT FROM kino.project_agent AS seen
        JOIN kino.visible_project(:viewer, :sees_all) AS project ON project.id = seen.project_id
        WHERE seen.agent_id = agent.id AND seen.project_id = :project_id))
      AND (CAST(:after_name AS text) IS NULL
           OR (lower(agent.name), agent.id) > (:after_name, CAST(:after_id AS uuid)))
    ORDER BY lower(agent.name), agent.id
    LIMIT :limit
)
SELECT chosen.*,
    coalesce((
        SELECT array_agg(project.name ORDER BY lower(project.name))
        FROM kino.project_agent AS seen
        JOIN kino.visible_project(:viewer, :sees_all) AS project ON project.id = seen.project_id
        WHERE seen.agent_id = chosen.id), '{}') AS projects
FROM chosen
ORDER BY lower(chosen.name), chosen.id
