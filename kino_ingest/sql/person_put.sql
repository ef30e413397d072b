INSERT INTO kino.person (id, name, kind, first_seen_at, last_seen_at)
SELECT * FROM unnest(
    %(id)s::uuid[], %(name)s::text[], %(kind)s::text[], %(first_seen_at)s::timestamptz[],
    %(last_seen_at)s::timestamptz[])
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, kind = excluded.kind, first_seen_at = excluded.first_seen_at,
    last_seen_at = excluded.last_seen_at
