SELECT seal.position, seal.hash, seal.audit_id AS id, seal.occurred_at, audit.actor_type, audit.actor_id, audit.action,
    audit.entity_type, audit.entity_id, audit.project_id, audit.before::text AS before, audit.after::text AS after,
    audit.details::text AS details, audit.request_id,
    -- In the same statement: an erasure may be at work beside this.
    (SELECT json_agg(json_build_object(
        'erasure_id', noted.erasure_id, 'digest', encode(noted.digest, 'hex'), 'fits', noted.fits,
        'key_id', noted.key_id, 'signature', encode(noted.signature, 'hex')) ORDER BY noted.id)
     FROM kino.audit_redaction AS noted WHERE noted.audit_id = seal.audit_id) AS redactions
FROM (
    SELECT position, audit_id, occurred_at, hash FROM kino.audit_seal
    WHERE position > %(after)s ORDER BY position LIMIT %(most)s
) AS seal
LEFT JOIN kino.audit ON audit.id = seal.audit_id AND audit.occurred_at = seal.occurred_at
ORDER BY seal.position
