SELECT id, received_at, source, event_id, type, occurred_at, project_id, repository, body
FROM landing.event
WHERE xid >= %(low)s::text::xid8 AND xid < %(high)s::text::xid8
ORDER BY xid, id
