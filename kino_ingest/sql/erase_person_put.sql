-- The pseudonym was seen whenever one of those was who it stands for.
INSERT INTO kino.person AS person (id, name, kind, first_seen_at, last_seen_at)
SELECT :person_id, :name, max(kind), min(first_seen_at), max(last_seen_at) FROM kino.person
WHERE id = ANY (CAST(:old AS uuid[])) HAVING count(*) > 0
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, first_seen_at = least(person.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(person.last_seen_at, excluded.last_seen_at)
