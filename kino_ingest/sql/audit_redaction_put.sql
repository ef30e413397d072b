INSERT INTO kino.audit_redaction (audit_id, erasure_id, digest, fits, key_id, signature)
SELECT noted.audit_id, noted.erasure_id, noted.digest, noted.fits, %(key_id)s, noted.signature
FROM unnest(%(ids)s::bigint[], %(erasure_ids)s::uuid[], %(digests)b::bytea[], %(fits)s::boolean[],
    %(signatures)b::bytea[]) AS noted (audit_id, erasure_id, digest, fits, signature)
