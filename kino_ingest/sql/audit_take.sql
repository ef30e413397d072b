-- Entries in the order of their ids, as far as their transactions have ended; one that ends later is sealed later.
-- Where the entry itself is gone, only its id and time are left.
WITH taken AS (
    DELETE FROM kino.audit_unsealed
    WHERE audit_id IN (SELECT audit_id FROM kino.audit_unsealed ORDER BY audit_id LIMIT %(most)s)
    RETURNING audit_id, occurred_at
)
SELECT taken.audit_id AS id, taken.occurred_at, audit.actor_type, audit.actor_id, audit.action, audit.entity_type,
    audit.entity_id, audit.project_id, audit.before::text AS before, audit.after::text AS after,
    audit.details::text AS details, audit.request_id
FROM taken LEFT JOIN kino.audit ON audit.id = taken.audit_id AND audit.occurred_at = taken.occurred_at
ORDER BY taken.audit_id
