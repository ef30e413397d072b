-- An agent's numbers add up over its projects: whoever does not see all of them would learn of the others.
WITH worked_in AS (
    SELECT project_id FROM kino.project_agent WHERE agent_id = :id
    UNION
    SELECT project_id FROM kino.reporting_agent WHERE agent_id = :id
)
SELECT FROM worked_in
HAVING count(*) > 0
   AND bool_and(project_id IN (SELECT id FROM kino.visible_project(:viewer, :sees_all)))
