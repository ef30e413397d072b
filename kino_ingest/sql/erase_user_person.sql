-- An account goes on to lead to what its person did.
UPDATE kino."user" SET person_id = (SELECT id FROM kino.person WHERE id = :person_id)
WHERE person_id = ANY (CAST(:gone AS uuid[]))
