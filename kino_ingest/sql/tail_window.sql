SELECT received_at, source, type, event_id, occurred_at, project_id, repository
FROM landing.event
WHERE xid >= %(low)s::text::xid8 AND xid < %(high)s::text::xid8
ORDER BY xid, id
