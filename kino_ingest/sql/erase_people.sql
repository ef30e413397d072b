DELETE FROM kino.person
WHERE id = ANY (CAST(:gone AS uuid[])) AND NOT EXISTS (SELECT FROM kino.identity WHERE person_id = person.id)
