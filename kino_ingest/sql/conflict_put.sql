-- Each contradiction is kept once, and the audit says so: what it contradicts is in landing.event under the same key.
WITH kept AS (
    INSERT INTO landing.conflict (source, event_id, body_hash, token_id, raw, request_id)
    SELECT source, event_id, body_hash, token_id, raw, %(request_id)s
    FROM unnest(
        %(sources)s::text[], %(event_ids)s::text[], %(body_hashes)b::bytea[], %(token_ids)s::uuid[], %(raws)b::bytea[]
    ) AS told (source, event_id, body_hash, token_id, raw)
    ORDER BY source, event_id, body_hash
    ON CONFLICT DO NOTHING
    RETURNING id, source, event_id, body_hash, token_id
)
SELECT kino.audit_write_as(
    jsonb_build_object(
        'type', CASE kept.source WHEN 'agent' THEN 'agent' WHEN 'github' THEN 'github' ELSE 'system' END,
        'id', kept.token_id, 'request_id', %(request_id)s::text),
    'CONFLICT', 'event', event.id::text, event.project_id, NULL, NULL,
    jsonb_build_object(
        'source', kept.source, 'conflict_id', kept.id,
        'accepted_sha256', encode(claim.body_hash, 'hex'), 'refused_sha256', encode(kept.body_hash, 'hex')))
FROM kept
JOIN landing.claim USING (source, event_id)
LEFT JOIN LATERAL (
    SELECT id, project_id FROM landing.event
    WHERE event.source = kept.source AND event.event_id = kept.event_id LIMIT 1
) AS event ON true
