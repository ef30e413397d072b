-- Those without a role for everything see the initiatives of their projects.
SELECT FROM kino.initiative
WHERE initiative.id = :initiative_id
  AND (:sees_all OR EXISTS (
    SELECT FROM kino.visible_project(:viewer, :sees_all) AS project WHERE project.initiative_id = initiative.id))
