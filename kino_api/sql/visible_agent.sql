-- Those without a role for everything see the agents that worked in their projects.
SELECT FROM kino.agent
WHERE agent.id = :agent_id
  AND (:sees_all OR EXISTS (
    SELECT FROM kino.project_agent AS seen
    JOIN kino.visible_project(:viewer, :sees_all) AS project ON project.id = seen.project_id
    WHERE seen.agent_id = agent.id))
