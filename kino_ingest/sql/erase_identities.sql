SELECT key, kind, name, email, person_id, agent_id FROM kino.identity
WHERE key = ANY (CAST(:keys AS text[]))
   OR EXISTS (
    SELECT FROM unnest(CAST(:needles AS text[])) AS needle
    WHERE strpos(lower(key), lower(needle)) > 0 OR strpos(lower(name), lower(needle)) > 0
       OR strpos(lower(email), lower(needle)) > 0)
ORDER BY key
