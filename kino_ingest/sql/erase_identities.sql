SELECT key, kind, name, email, person_id, agent_id FROM kino.identity
WHERE key = ANY (CAST(:keys AS text[]))
   OR lower(key) ~ :pattern OR lower(name) ~ :pattern OR lower(email) ~ :pattern
ORDER BY key
