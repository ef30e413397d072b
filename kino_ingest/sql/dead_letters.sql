SELECT letter.id, letter.source, letter.event_id, event.type, event.project_id, event.repository, letter.error,
    letter.attempts, letter.received_at, letter.failed_at, letter.next_try_at,
    CASE WHEN letter.discarded_at IS NOT NULL THEN 'discarded' WHEN letter.next_try_at IS NOT NULL THEN 'waiting'
        ELSE 'dead' END AS state,
    letter.discard_reason
FROM landing.dead_letter AS letter
LEFT JOIN landing.event ON event.id = letter.event_row AND event.received_at = letter.received_at
WHERE (CAST(:source AS text) IS NULL OR letter.source = :source)
  AND (CAST(:type AS text) IS NULL OR event.type = :type)
  AND (CAST(:project_ids AS uuid[]) IS NULL OR coalesce(event.project_id, (
    SELECT repository.project_id FROM kino.repository WHERE lower(repository.full_name) = lower(event.repository)
    )) = ANY (:project_ids))
  AND (CAST(:since AS timestamptz) IS NULL OR letter.received_at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR letter.received_at < :until)
  AND CASE CAST(:state AS text)
      WHEN 'discarded' THEN letter.discarded_at IS NOT NULL
      WHEN 'waiting' THEN letter.discarded_at IS NULL AND letter.next_try_at IS NOT NULL
      WHEN 'dead' THEN letter.discarded_at IS NULL AND letter.next_try_at IS NULL
      ELSE letter.discarded_at IS NULL END
  AND (CAST(:before AS bigint) IS NULL OR letter.id < :before)
ORDER BY letter.id DESC
LIMIT :limit
