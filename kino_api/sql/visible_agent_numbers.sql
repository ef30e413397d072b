-- An agent's numbers add up over its projects: whoever does not see all of them would learn of the others.
WITH worked_in AS (
    SELECT repository.project_id
    FROM kino."commit" JOIN kino.repository ON repository.id = "commit".repository_id
    WHERE "commit".agent_id = :id
    UNION
    SELECT project_id FROM kino.agent_activity WHERE agent_id = :id
)
SELECT FROM worked_in
HAVING count(*) > 0
   AND bool_and(project_id IN (SELECT id FROM kino.visible_project(:viewer, :sees_all)))
