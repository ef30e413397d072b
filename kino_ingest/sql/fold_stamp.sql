-- The next of the events that came from another server get this transaction's id, as if they landed now: so many that
-- they make one window, and at least one.
WITH cursor AS (
    SELECT stamped, stamp_to FROM landing.fold_cursor WHERE name = 'fold'
), part AS (
    SELECT event.id, event.received_at, octet_length(event.raw) AS bytes
    FROM landing.event
    WHERE event.id > (SELECT stamped FROM cursor) AND event.id <= (SELECT stamp_to FROM cursor)
    ORDER BY event.id LIMIT %(batch_events)s
), filling AS (
    SELECT id, received_at, row_number() OVER so_far AS place, sum(bytes) OVER so_far AS bytes
    FROM part WINDOW so_far AS (ORDER BY id)
), chosen AS (
    SELECT id, received_at FROM filling WHERE place = 1 OR bytes <= %(batch_bytes)s
), landed_again AS (
    UPDATE landing.event SET xid = pg_current_xact_id()
    FROM chosen WHERE event.id = chosen.id AND event.received_at = chosen.received_at
)
UPDATE landing.fold_cursor SET stamped = coalesce((SELECT max(id) FROM chosen), stamp_to) WHERE name = 'fold'
