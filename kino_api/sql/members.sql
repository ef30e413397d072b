SELECT member.user_id, "user".name, "user".email, member.role, member.joined_at
FROM kino.project_member AS member JOIN kino."user" ON "user".id = member.user_id
WHERE member.project_id = :project_id
  AND (CAST(:user_id AS uuid) IS NULL OR member.user_id = :user_id)
  AND (CAST(:after_id AS uuid) IS NULL
       OR (lower("user".name), member.user_id) > (lower(:after_name), CAST(:after_id AS uuid)))
ORDER BY lower("user".name), member.user_id
LIMIT :limit
