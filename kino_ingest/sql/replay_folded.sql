INSERT INTO landing.refold (event_row, received_at)
SELECT id, received_at FROM landing.event
WHERE received_at >= :since AND received_at < :until
  AND (CAST(:source AS text) IS NULL OR source = :source)
  AND (CAST(:type AS text) IS NULL OR type = :type)
  AND (CAST(:project_ids AS uuid[]) IS NULL OR coalesce(event.project_id, (
    SELECT repository.project_id FROM kino.repository WHERE lower(repository.full_name) = lower(event.repository)
    )) = ANY (:project_ids))
  AND NOT EXISTS (
    SELECT FROM landing.dead_letter AS letter
    WHERE letter.source = event.source AND letter.event_id = event.event_id)
ON CONFLICT DO NOTHING
