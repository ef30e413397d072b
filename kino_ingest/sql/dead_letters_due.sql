WITH due AS MATERIALIZED (
    SELECT event_row, received_at, next_try_at FROM landing.dead_letter
    WHERE next_try_at <= now() AND discarded_at IS NULL
    ORDER BY next_try_at
    LIMIT 100
    FOR UPDATE SKIP LOCKED
), filling AS (
    SELECT due.event_row, due.received_at, row_number() OVER so_far AS place,
        sum(octet_length(event.raw)) OVER so_far AS bytes
    FROM due JOIN landing.event ON event.id = due.event_row AND event.received_at = due.received_at
    WINDOW so_far AS (ORDER BY due.next_try_at, due.event_row)
)
SELECT event.id, event.received_at, event.source, event.event_id, event.type, event.occurred_at, event.project_id,
    event.repository, event.body
FROM filling JOIN landing.event ON event.id = filling.event_row AND event.received_at = filling.received_at
WHERE filling.place = 1 OR filling.bytes <= %(batch_bytes)s
ORDER BY filling.place
