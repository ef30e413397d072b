-- One window of the log. Every transaction below `high` has ended, so nothing can still appear in it.
SELECT xid::text::bigint AS xid, source, event_id, type, occurred_at, received_at, project_id::text AS project_id,
       coalesce(repository, CASE WHEN type IN ('repository_connected', 'repository_disconnected')
           THEN body ->> 'full_name' END) AS repository,
       body::text AS body
FROM landing.event
WHERE xid >= $1::text::xid8 AND xid < $2::text::xid8
