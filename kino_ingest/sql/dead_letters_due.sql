SELECT event.id, event.received_at, event.source, event.event_id, event.type, event.occurred_at, event.project_id,
    event.repository, event.body
FROM landing.dead_letter
JOIN landing.event ON event.id = dead_letter.event_row AND event.received_at = dead_letter.received_at
WHERE dead_letter.next_try_at <= now() AND dead_letter.discarded_at IS NULL
ORDER BY dead_letter.next_try_at
LIMIT 100
FOR UPDATE OF dead_letter SKIP LOCKED
