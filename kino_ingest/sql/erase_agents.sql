SELECT id, name FROM kino.agent
WHERE lower(name) ~ :pattern
