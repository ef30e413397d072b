SELECT letter.id, letter.source, letter.event_id, event.type, event.project_id, event.repository, letter.error,
    letter.attempts, letter.received_at, letter.failed_at, letter.next_try_at,
    CASE WHEN letter.discarded_at IS NOT NULL THEN 'discarded' WHEN letter.next_try_at IS NOT NULL THEN 'waiting'
        ELSE 'dead' END AS state,
    letter.discard_reason, letter.stack, event.raw
FROM landing.dead_letter AS letter
LEFT JOIN landing.event ON event.id = letter.event_row AND event.received_at = letter.received_at
WHERE letter.id = :id
