INSERT INTO kino.agent (id, name, agent_type, first_seen_at, last_seen_at, last_event_type)
SELECT * FROM unnest(
    %(id)s::uuid[], %(name)s::text[], %(agent_type)s::text[], %(first_seen_at)s::timestamptz[],
    %(last_seen_at)s::timestamptz[], %(last_event_type)s::text[])
ON CONFLICT (id) DO UPDATE SET
    agent_type = excluded.agent_type, first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at,
    last_event_type = excluded.last_event_type
