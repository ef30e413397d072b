SELECT id, name, agent_type, first_seen_at, last_seen_at, last_event_type FROM kino.agent WHERE id = ANY(%(keys)s::uuid[])
