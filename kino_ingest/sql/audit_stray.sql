-- The first entry that neither has a seal nor waits for one.
SELECT audit.id, audit.occurred_at
FROM kino.audit
LEFT JOIN kino.audit_seal AS seal ON seal.audit_id = audit.id AND seal.occurred_at = audit.occurred_at
LEFT JOIN kino.audit_unsealed AS waiting ON waiting.audit_id = audit.id AND waiting.occurred_at = audit.occurred_at
WHERE seal.audit_id IS NULL AND waiting.audit_id IS NULL
ORDER BY audit.id
LIMIT 1
