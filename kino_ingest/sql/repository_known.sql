SELECT repository.project_id, count(secret.id) > 0 AS signs,
    coalesce(json_object_agg(secret.id, secret.secret ORDER BY secret.created_at DESC)
        FILTER (WHERE secret.id IS NOT NULL AND (secret.expires_at IS NULL OR secret.expires_at > now())), '{}') AS secrets
FROM kino.repository
LEFT JOIN kino.webhook_secret AS secret ON secret.repository_id = repository.id
WHERE repository.id = %(repository_id)s
GROUP BY repository.id
