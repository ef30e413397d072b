-- What was written about a project, the newest first. A period that is asked for finds every update that touches it.
SELECT told.id, told.project_id, told.submitted_by, coalesce("user".name, '') AS author, told.overall_status,
    told.achievements, told.challenges, told.planned_work, told.notes, told.period_start, told.period_end,
    told.submitted_at, told.updated_at
FROM kino.project_update AS told LEFT JOIN kino."user" ON "user".id = told.submitted_by
WHERE told.project_id = :project_id
  AND (CAST(:update_id AS uuid) IS NULL OR told.id = :update_id)
  AND (CAST(:author_id AS uuid) IS NULL OR told.submitted_by = :author_id)
  AND (CAST(:first_day AS date) IS NULL OR (told.period_end >= :first_day AND told.period_start <= :last_day))
  AND (CAST(:after_time AS timestamptz) IS NULL
       OR (told.submitted_at, told.id) < (:after_time, CAST(:after_id AS uuid)))
ORDER BY told.submitted_at DESC, told.id DESC
LIMIT :limit
