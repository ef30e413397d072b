-- Those without a role for everything see the agents that worked in their projects.
SELECT FROM kino.agent
WHERE agent.id = :agent_id
  AND (:sees_all
    OR EXISTS (
      SELECT FROM kino.visible_project(:viewer, :sees_all) AS project
      JOIN kino.agent_activity ON agent_activity.project_id = project.id
      WHERE agent_activity.agent_id = agent.id)
    OR EXISTS (
      SELECT FROM kino.visible_project(:viewer, :sees_all) AS project
      JOIN kino.repository ON repository.project_id = project.id
      JOIN kino."commit" ON "commit".repository_id = repository.id
      WHERE "commit".agent_id = agent.id))
