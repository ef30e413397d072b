-- The accounts of somebody who is known by accounts, people and addresses so far.
SELECT id, name, email, person_id FROM kino."user"
WHERE id = ANY (CAST(:user_ids AS uuid[])) OR person_id = ANY (CAST(:person_ids AS uuid[]))
   OR lower(email) = ANY (CAST(:emails AS text[]))
