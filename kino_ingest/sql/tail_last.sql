SELECT received_at, source, type, event_id, occurred_at, project_id, repository
FROM landing.event
WHERE xid < %(high)s::text::xid8
ORDER BY xid DESC, id DESC
LIMIT %(number)s
