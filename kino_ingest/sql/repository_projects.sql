SELECT id, project_id FROM kino.repository WHERE id = ANY(%(ids)s::uuid[]) AND project_id IS NOT NULL
