SELECT key, kind, name, email, agent_id FROM kino.identity WHERE key = ANY(%(keys)s::text[])
