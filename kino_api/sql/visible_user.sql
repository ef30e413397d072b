-- Everybody sees themselves, who leads a project its members, some see all.
SELECT FROM kino."user" AS account
WHERE account.id = :user_id
  AND (:sees_all OR account.id = :viewer OR EXISTS (
    SELECT FROM kino.project_member AS led
    JOIN kino.project ON project.id = led.project_id AND project.deleted_at IS NULL
    JOIN kino.project_member AS member ON member.project_id = led.project_id
    WHERE led.user_id = :viewer AND led.role = 'PROJECT_LEADER' AND member.user_id = account.id))
