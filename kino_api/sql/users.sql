-- The users that somebody sees, by name.
SELECT account.id, account.email, account.name, account.role, account.person_id, account.created_at,
    account.updated_at,
    CASE WHEN account.disabled_at IS NOT NULL THEN 'DISABLED'
        WHEN account.password_hash IS NULL THEN 'INVITED' ELSE 'ACTIVE' END AS status,
    (SELECT link.email FROM kino.account_link AS link
     WHERE link.user_id = account.id AND link.purpose = 'verify' AND link.used_at IS NULL AND link.expires_at > now()
     ORDER BY link.created_at DESC LIMIT 1) AS unverified_email,
    -- Somebody may belong to projects besides, of which the viewer is not to know.
    (SELECT coalesce(jsonb_object_agg(member.project_id, member.role), '{}')
     FROM kino.project_member AS member
     JOIN kino.visible_project(:viewer, :sees_all) AS project ON project.id = member.project_id
     WHERE member.user_id = account.id) AS memberships
FROM kino.visible_user(:viewer, :sees_all) AS account
WHERE (CAST(:user_id AS uuid) IS NULL OR account.id = :user_id)
  AND (CAST(:text AS text) IS NULL OR strpos(lower(account.name), lower(:text)) > 0
    OR strpos(lower(account.email), lower(:text)) > 0)
  AND (CAST(:after_name AS text) IS NULL OR (lower(account.name), account.id) > (:after_name, CAST(:after_id AS uuid)))
ORDER BY lower(account.name), account.id
LIMIT :most
