-- Whoever brings a key takes a hundred old ones away; the same key, if it is old, always.
DELETE FROM kino.idempotency_key
WHERE created_at < now() - interval '24 hours'
  AND (user_id = :user_id AND key = :key OR (user_id, key) IN (
    SELECT user_id, key FROM kino.idempotency_key
    WHERE created_at < now() - interval '24 hours' ORDER BY created_at LIMIT 100 FOR UPDATE SKIP LOCKED))
RETURNING key
