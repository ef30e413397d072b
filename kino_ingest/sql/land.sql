-- Claim the keys nobody has claimed, and insert exactly those events: one statement, so there is no state between.
-- The keys arrive distinct; claiming them in one order keeps two concurrent batches from deadlocking.
-- The arrays travel in binary: quoting them as text took longer than all the rest.
WITH incoming AS (
    SELECT *
    FROM unnest(
        %(sources)b::text[], %(event_ids)b::text[], %(body_hashes)b::bytea[], %(types)b::text[],
        %(occurred_at)b::timestamptz[], %(project_ids)b::uuid[], %(repositories)b::text[], %(token_ids)b::uuid[],
        %(bodies)b::text[], %(raws)b::bytea[]
    ) WITH ORDINALITY AS incoming (
        source, event_id, body_hash, type, occurred_at, project_id, repository, token_id, body, raw, place)
), claimed AS (
    INSERT INTO landing.claim (source, event_id, body_hash)
    SELECT source, event_id, body_hash FROM incoming ORDER BY source COLLATE "C", event_id COLLATE "C"
    ON CONFLICT DO NOTHING
    RETURNING source, event_id
), landed AS (
    INSERT INTO landing.event (source, event_id, type, occurred_at, project_id, repository, token_id, body, raw)
    SELECT source, event_id, type, occurred_at, project_id, repository, token_id, body::jsonb, raw
    FROM incoming JOIN claimed USING (source, event_id)
    ORDER BY place
)
SELECT source, event_id FROM claimed
