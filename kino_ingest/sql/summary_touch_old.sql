INSERT INTO kino.project_touched
SELECT project_id FROM kino.project_summary
WHERE counted_at < now() - make_interval(secs => %(older_than)s)
ORDER BY counted_at LIMIT %(most)s
