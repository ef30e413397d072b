-- For PostgreSQL: the event that has waited longest for the lake to read it. By their order the index finds those that
-- wait; the oldest is among the first of them, because whoever is late with its commit is so by seconds.
SELECT source, event_id, received_at
FROM (
    SELECT source, event_id, received_at FROM landing.event WHERE xid >= '{low}'::xid8 ORDER BY xid LIMIT 10000
) AS waiting
ORDER BY received_at
LIMIT 1
