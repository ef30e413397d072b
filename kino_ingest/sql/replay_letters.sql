-- Their tries begin anew, from now on.
UPDATE landing.dead_letter AS letter
SET next_try_at = now(), attempts = 0, discarded_at = NULL, discard_reason = NULL
FROM landing.event
WHERE event.id = letter.event_row AND event.received_at = letter.received_at
  AND letter.discarded_at IS NULL AND letter.received_at >= :since AND letter.received_at < :until
  AND (CAST(:source AS text) IS NULL OR letter.source = :source)
  AND (CAST(:type AS text) IS NULL OR event.type = :type)
  AND (CAST(:project_ids AS uuid[]) IS NULL OR coalesce(event.project_id, (
    SELECT repository.project_id FROM kino.repository WHERE lower(repository.full_name) = lower(event.repository)
    )) = ANY (:project_ids))
