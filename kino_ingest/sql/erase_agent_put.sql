INSERT INTO kino.agent AS agent (id, name, agent_type, first_seen_at, last_seen_at, last_event_type)
SELECT :new, :name, agent_type, first_seen_at, last_seen_at, last_event_type FROM kino.agent WHERE id = :old
ON CONFLICT (id) DO UPDATE SET
    first_seen_at = least(agent.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(agent.last_seen_at, excluded.last_seen_at)
