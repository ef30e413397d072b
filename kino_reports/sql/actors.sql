-- Distinct people, agents and automation accounts in a period, by project and (project_id null) all together.
-- A project's days follow its own time zone; the outer bounds only let the index help.
WITH worked AS (
    SELECT p.id AS project_id, i.kind,
           CASE WHEN i.kind = 'agent' THEN i.agent_id ELSE i.person_id END AS who, c.agent_id AS helper
    FROM kino.project p
    JOIN kino.repository r ON r.project_id = p.id
    JOIN kino."commit" c ON c.repository_id = r.id
    JOIN kino.identity i ON i.key = c.author_key
    WHERE p.id = ANY(:projects)
      AND c.committed_at BETWEEN CAST(:start AS date) - 1 AND CAST(:end AS date) + 2
      AND c.committed_at <= :as_of
      AND (c.committed_at AT TIME ZONE p.time_zone)::date BETWEEN :start AND :end
),
seen AS (
    SELECT project_id, kind, who FROM worked WHERE who IS NOT NULL
    UNION
    SELECT project_id, 'agent', helper FROM worked WHERE helper IS NOT NULL
    UNION
    SELECT p.id, 'agent', a.agent_id
    FROM kino.project p JOIN kino.agent_activity a ON a.project_id = p.id
    WHERE p.id = ANY(:projects)
      AND a.occurred_at BETWEEN CAST(:start AS date) - 1 AND CAST(:end AS date) + 2
      AND a.occurred_at <= :as_of
      AND (a.occurred_at AT TIME ZONE p.time_zone)::date BETWEEN :start AND :end
)
SELECT project_id, kind, count(DISTINCT who) AS actors
FROM seen
GROUP BY GROUPING SETS ((project_id, kind), (kind));
