SELECT id, name, kind, first_seen_at, last_seen_at FROM kino.person WHERE id = ANY(%(keys)s::uuid[])
