-- The largest pull requests that each project merged in the period; those of automation are left out.
SELECT project_id, repository, number, title, lines, merged_on
FROM (
    SELECT p.id AS project_id, r.full_name AS repository, m.number, m.title,
           m.lines_added + m.lines_deleted AS lines,
           (m.merged_at AT TIME ZONE p.time_zone)::date AS merged_on,
           row_number() OVER (PARTITION BY p.id
                              ORDER BY m.lines_added + m.lines_deleted DESC NULLS LAST, m.merged_at DESC, m.number
                             ) AS place
    FROM kino.project p
    JOIN kino.repository r ON r.project_id = p.id
    JOIN kino.pull_request m ON m.repository_id = r.id
    LEFT JOIN kino.identity i ON i.key = m.author_key
    WHERE p.id = ANY(:projects)
      AND m.merged_at BETWEEN CAST(:start AS date) - 1 AND CAST(:end AS date) + 2
      AND m.merged_at <= :as_of
      AND (m.merged_at AT TIME ZONE p.time_zone)::date BETWEEN :start AND :end
      AND i.kind IS DISTINCT FROM 'automation'
) ranked
WHERE place <= :each
ORDER BY lines DESC NULLS LAST, merged_on DESC, repository, number;
