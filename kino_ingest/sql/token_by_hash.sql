SELECT token.id, token.project_id, token.agent_type, token.per_minute, token.per_hour,
    count(secret.id) > 0 AS signs,
    coalesce(json_object_agg(secret.id, secret.secret ORDER BY secret.created_at DESC)
        FILTER (WHERE secret.id IS NOT NULL AND (secret.expires_at IS NULL OR secret.expires_at > now())), '{}') AS secrets
FROM kino.token
LEFT JOIN kino.webhook_secret AS secret ON secret.token_id = token.id
WHERE token.token_hash = %(token_hash)s AND token.revoked_at IS NULL
  AND (token.expires_at IS NULL OR token.expires_at > now())
GROUP BY token.id
