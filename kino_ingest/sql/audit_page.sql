SELECT seal.position, seal.hash, seal.audit_id AS id, seal.occurred_at, audit.actor_type, audit.actor_id, audit.action,
    audit.entity_type, audit.entity_id, audit.project_id, audit.before::text AS before, audit.after::text AS after,
    audit.details::text AS details, audit.request_id
FROM (
    SELECT position, audit_id, occurred_at, hash FROM kino.audit_seal
    WHERE position > %(after)s ORDER BY position LIMIT %(most)s
) AS seal
LEFT JOIN kino.audit ON audit.id = seal.audit_id AND audit.occurred_at = seal.occurred_at
ORDER BY seal.position
