INSERT INTO kino.audit_seal (position, audit_id, occurred_at, hash)
SELECT * FROM unnest(%(positions)s::bigint[], %(ids)s::bigint[], %(occurred_at)s::timestamptz[], %(hashes)b::bytea[])
