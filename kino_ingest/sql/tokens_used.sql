UPDATE kino.token SET last_used_at = now() WHERE id = ANY(%(ids)s::uuid[])
