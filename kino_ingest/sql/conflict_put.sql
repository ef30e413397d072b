INSERT INTO landing.conflict (source, event_id, body_hash, token_id, request_id, raw)
VALUES (%(source)s, %(event_id)s, %(body_hash)s, %(token_id)s, %(request_id)s, %(raw)s)
ON CONFLICT DO NOTHING
