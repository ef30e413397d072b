-- The projects of a report's scope that existed at the moment asked for, by name.
SELECT p.id, p.name, p.initiative_id, i.name AS initiative, p.sample, p.status, p.status_reason, p.start_date,
       p.end_date,
       coalesce((SELECT array_agg(r.full_name ORDER BY lower(r.full_name)) FROM kino.repository r
                 WHERE r.project_id = p.id), '{}') AS repositories,
       (SELECT max((c.committed_at AT TIME ZONE p.time_zone)::date)
        FROM kino.repository r JOIN kino."commit" c ON c.repository_id = r.id
        WHERE r.project_id = p.id AND c.committed_at <= :as_of
          AND c.committed_at < (CAST(:last AS date) + 1)::timestamp AT TIME ZONE p.time_zone) AS last_commit_on
FROM kino.project p LEFT JOIN kino.initiative i ON i.id = p.initiative_id
WHERE p.created_at <= :asked_at AND (p.deleted_at IS NULL OR p.deleted_at > :asked_at)
  AND (CAST(:project AS uuid) IS NULL OR p.id = :project)
  AND (CAST(:initiative AS uuid) IS NULL OR p.initiative_id = :initiative)
ORDER BY lower(p.name), p.id;
