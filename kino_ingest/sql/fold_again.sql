-- Named before they are deleted: a subquery with a limit may be asked more than once, and would skip what it locked.
WITH waiting AS MATERIALIZED (
    SELECT event_row, received_at FROM landing.refold ORDER BY event_row LIMIT %(batch_events)s FOR UPDATE SKIP LOCKED
), filling AS (
    SELECT waiting.event_row, waiting.received_at, row_number() OVER so_far AS place,
        sum(octet_length(event.raw)) OVER so_far AS bytes
    FROM waiting
    LEFT JOIN landing.event ON event.id = waiting.event_row AND event.received_at = waiting.received_at
    WINDOW so_far AS (ORDER BY waiting.event_row, waiting.received_at)
), taken AS (
    DELETE FROM landing.refold USING filling
    WHERE refold.event_row = filling.event_row AND refold.received_at = filling.received_at
      AND (filling.place = 1 OR coalesce(filling.bytes, 0) <= %(batch_bytes)s)
    RETURNING refold.event_row, refold.received_at
)
SELECT event.id, event.received_at, event.source, event.event_id, event.type, event.occurred_at, event.project_id,
    event.repository, event.body
FROM taken JOIN landing.event ON event.id = taken.event_row AND event.received_at = taken.received_at
ORDER BY event.id
