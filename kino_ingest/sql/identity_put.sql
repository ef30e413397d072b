-- The person behind an identity is set once: merging identities later moves it, and folding must not move it back.
INSERT INTO kino.identity (key, kind, name, email, agent_id, person_id)
SELECT * FROM unnest(
    %(key)s::text[], %(kind)s::text[], %(name)s::text[], %(email)s::text[], %(agent_id)s::uuid[],
    %(person_id)s::uuid[])
ON CONFLICT (key) DO UPDATE SET name = excluded.name, email = excluded.email
