INSERT INTO landing.conflict (source, event_id, body_hash, token_id, raw, request_id)
SELECT source, event_id, body_hash, token_id, raw, %(request_id)s
FROM unnest(
    %(sources)s::text[], %(event_ids)s::text[], %(body_hashes)b::bytea[], %(token_ids)s::uuid[], %(raws)b::bytea[]
) AS told (source, event_id, body_hash, token_id, raw)
ORDER BY source, event_id, body_hash
ON CONFLICT DO NOTHING
