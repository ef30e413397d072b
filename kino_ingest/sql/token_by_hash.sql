SELECT id, project_id, agent_type FROM kino.token WHERE token_hash = %(token_hash)s AND revoked_at IS NULL
