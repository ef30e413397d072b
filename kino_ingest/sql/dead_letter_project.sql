-- The project that a dead letter's event belongs to, by its token or by its repository; null where none has it.
SELECT coalesce(event.project_id, repository.project_id) AS project_id
FROM landing.dead_letter AS letter
LEFT JOIN landing.event ON event.id = letter.event_row AND event.received_at = letter.received_at
LEFT JOIN kino.repository ON lower(repository.full_name) = lower(event.repository)
WHERE letter.id = %(id)s
LIMIT 1
