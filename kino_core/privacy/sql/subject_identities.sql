-- The identities of somebody who is known by people, keys and addresses so far. A signature whose address is written
-- amiss has a key with the right one somewhere in it.
SELECT key, name, email, person_id FROM kino.identity
WHERE kind <> 'automation'
  AND (person_id = ANY (CAST(:person_ids AS uuid[]))
    OR key = ANY (CAST(:keys AS text[]))
    OR key IN (SELECT known || '#aider' FROM unnest(CAST(:keys AS text[])) AS known)
    OR lower(email) = ANY (CAST(:emails AS text[]))
    OR EXISTS (
        SELECT FROM unnest(CAST(:emails AS text[])) AS known
        WHERE known LIKE '%@%' AND key LIKE 'email:% %' AND strpos(key, known) > 0))
