-- For PostgreSQL: the event that has waited longest for the lake to read it. Found in the index by its order.
SELECT source, event_id, received_at FROM landing.event
WHERE xid >= '{low}'::xid8
ORDER BY xid
LIMIT 1
