SELECT key, person_id FROM kino.identity WHERE key = ANY(%(keys)s::text[]) AND person_id IS NOT NULL
