SELECT project_id FROM kino.repository WHERE id = %(repository_id)s AND project_id IS NOT NULL
