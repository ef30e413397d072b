-- The spelling under which a project connected it stays.
INSERT INTO kino.repository AS repository (id, full_name)
SELECT id, full_name FROM unnest(%(id)s::uuid[], %(full_name)s::text[]) AS told (id, full_name)
ON CONFLICT (id) DO UPDATE SET full_name = excluded.full_name
WHERE repository.project_id IS NULL AND excluded.full_name COLLATE "C" < repository.full_name
