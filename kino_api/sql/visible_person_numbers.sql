-- A person's numbers are for the person, for the leaders of the projects they are a member of, and for managers.
SELECT FROM kino."user"
WHERE coalesce("user".person_id, "user".id) = :id
  AND (:sees_all OR "user".id = :viewer OR EXISTS (
    SELECT FROM kino.project_member AS member
    JOIN kino.project_member AS leader ON leader.project_id = member.project_id AND leader.role = 'PROJECT_LEADER'
    JOIN kino.visible_project(:viewer, :sees_all) AS project ON project.id = member.project_id
    WHERE member.user_id = "user".id AND leader.user_id = :viewer))
