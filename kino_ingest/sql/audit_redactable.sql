-- Entries as they are, their places in the chain, and what erasures noted of them so far.
SELECT audit.id, audit.occurred_at, audit.actor_type, audit.actor_id, audit.action, audit.entity_type, audit.entity_id,
    audit.project_id, audit.before::text AS before, audit.after::text AS after, audit.details::text AS details,
    audit.request_id, seal.position, seal.hash, prior.hash AS hash_before,
    (SELECT json_agg(json_build_object(
        'erasure_id', noted.erasure_id, 'digest', encode(noted.digest, 'hex'), 'fits', noted.fits,
        'key_id', noted.key_id, 'signature', encode(noted.signature, 'hex')) ORDER BY noted.id)
     FROM kino.audit_redaction AS noted WHERE noted.audit_id = audit.id) AS redactions
FROM kino.audit
LEFT JOIN kino.audit_seal AS seal ON seal.audit_id = audit.id AND seal.occurred_at = audit.occurred_at
LEFT JOIN kino.audit_seal AS prior ON prior.position = seal.position - 1
WHERE audit.id = ANY (%(ids)s::bigint[])
ORDER BY audit.id, audit.occurred_at
