INSERT INTO kino.idempotency_key (user_id, key, request_hash) VALUES (:user_id, :key, :request_hash)
ON CONFLICT DO NOTHING
RETURNING key
