-- What a replay would fold, by type: the letters, and where asked for also what folded well.
SELECT event.type, count(*) AS events
FROM landing.event
LEFT JOIN landing.dead_letter AS letter ON letter.source = event.source AND letter.event_id = event.event_id
WHERE event.received_at >= :since AND event.received_at < :until AND letter.discarded_at IS NULL
  AND (CAST(:source AS text) IS NULL OR event.source = :source)
  AND (CAST(:type AS text) IS NULL OR event.type = :type)
  AND (CAST(:project_ids AS uuid[]) IS NULL OR coalesce(event.project_id, (
    SELECT repository.project_id FROM kino.repository WHERE lower(repository.full_name) = lower(event.repository)
    )) = ANY (:project_ids))
  AND (letter.id IS NOT NULL OR :folded)
GROUP BY event.type ORDER BY event.type
