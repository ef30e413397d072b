-- JSON as PostgreSQL writes it once it is stored.
SELECT given.before::jsonb::text AS before, given.after::jsonb::text AS after, given.details::jsonb::text AS details
FROM unnest(%(before)s::text[], %(after)s::text[], %(details)s::text[]) WITH ORDINALITY
    AS given (before, after, details, place)
ORDER BY given.place
