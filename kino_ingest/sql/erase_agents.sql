SELECT id, name FROM kino.agent
WHERE EXISTS (SELECT FROM unnest(CAST(:needles AS text[])) AS needle WHERE strpos(lower(name), lower(needle)) > 0)
