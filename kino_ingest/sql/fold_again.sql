-- Named before they are deleted: a subquery with a limit may be asked more than once, and would skip what it locked.
WITH chosen AS MATERIALIZED (
    SELECT event_row, received_at FROM landing.refold ORDER BY event_row LIMIT %(batch_events)s FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM landing.refold USING chosen
    WHERE refold.event_row = chosen.event_row AND refold.received_at = chosen.received_at
    RETURNING refold.event_row, refold.received_at
)
SELECT event.id, event.received_at, event.source, event.event_id, event.type, event.occurred_at, event.project_id,
    event.repository, event.body
FROM taken JOIN landing.event ON event.id = taken.event_row AND event.received_at = taken.received_at
ORDER BY event.id
