WITH taken AS (
    DELETE FROM landing.refold
    WHERE (event_row, received_at) IN (
        SELECT event_row, received_at FROM landing.refold ORDER BY event_row FOR UPDATE SKIP LOCKED
        LIMIT %(batch_events)s)
    RETURNING event_row, received_at
)
SELECT event.id, event.received_at, event.source, event.event_id, event.type, event.occurred_at, event.project_id,
    event.repository, event.body
FROM taken JOIN landing.event ON event.id = taken.event_row AND event.received_at = taken.received_at
ORDER BY event.id
