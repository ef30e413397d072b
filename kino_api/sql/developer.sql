-- The person whose numbers are a developer's, who is named by the id of the person or of the user; a user of whom no
-- history tells stands for themselves, and has no numbers.
SELECT id FROM kino.person WHERE id = :id
UNION ALL
SELECT coalesce(person_id, id) FROM kino."user" WHERE id = :id
LIMIT 1
