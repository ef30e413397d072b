-- The notes of a project by day, those of a period, a metric or an item where that is asked for.
SELECT note.id, note.project_id, note.day, note.metric, note.scope_item_id, note.text, note.created_at, note.updated_at,
    note.created_by
FROM kino.annotation AS note
WHERE note.project_id = :project_id
  AND (CAST(:annotation_id AS uuid) IS NULL OR note.id = :annotation_id)
  AND (CAST(:first_day AS date) IS NULL OR note.day BETWEEN :first_day AND :last_day)
  AND (CAST(:metric AS text) IS NULL OR note.metric = :metric)
  AND (CAST(:scope_item_id AS uuid) IS NULL OR note.scope_item_id = :scope_item_id)
  AND (CAST(:after_day AS date) IS NULL OR (note.day, note.id) > (:after_day, CAST(:after_id AS uuid)))
ORDER BY note.day, note.id
LIMIT :limit
