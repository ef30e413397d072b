-- The first failure is tried again after 1 s, the next after 2, 4, 8 and 16 s, each up to a quarter longer so that
-- what failed together does not come back together; then the letter is dead.
INSERT INTO landing.dead_letter AS letter (event_row, received_at, source, event_id, error, stack, attempts, next_try_at)
SELECT event_row, received_at, source, event_id, error, stack, 1, now() + interval '1 second' * (1 + random() / 4)
FROM unnest(
    %(event_row)s::bigint[], %(received_at)s::timestamptz[], %(source)s::text[], %(event_id)s::text[],
    %(error)s::text[], %(stack)s::text[]
) AS failed (event_row, received_at, source, event_id, error, stack)
ORDER BY source, event_id
ON CONFLICT (source, event_id) DO UPDATE SET
    error = excluded.error, stack = excluded.stack, attempts = letter.attempts + 1, failed_at = now(),
    next_try_at = CASE WHEN letter.attempts < 5
        THEN now() + interval '1 second' * 2 ^ letter.attempts * (1 + random() / 4) END
