-- What a card shows, worked out from the history itself: the summary must come to the same.
WITH chosen AS (
    SELECT id FROM kino.project WHERE id = ANY (:ids)
), connected AS (
    SELECT repository.id, repository.project_id
    FROM kino.repository JOIN chosen ON chosen.id = repository.project_id
), by_author AS (
    SELECT connected.project_id, "commit".author_key, count(*) AS commits,
        max("commit".committed_at) FILTER (WHERE "commit".committed_at < now() + interval '1 day') AS last_at
    FROM kino."commit" JOIN connected ON connected.id = "commit".repository_id
    GROUP BY 1, 2
), code AS (
    SELECT by_author.project_id, sum(commits)::bigint AS commits, max(last_at) AS last_at,
        count(DISTINCT identity.person_id) FILTER (WHERE identity.kind = 'human') AS people
    FROM by_author LEFT JOIN kino.identity ON identity.key = by_author.author_key
    GROUP BY 1
), seen_agent AS (
    SELECT connected.project_id, "commit".agent_id
    FROM kino."commit" JOIN connected ON connected.id = "commit".repository_id
    WHERE "commit".agent_id IS NOT NULL
    UNION
    SELECT project_id, agent_id FROM kino.agent_activity WHERE project_id IN (SELECT id FROM chosen)
), agents AS (
    SELECT project_id, count(*) AS agents FROM seen_agent GROUP BY 1
), activity AS (
    SELECT project_id, max(occurred_at) FILTER (WHERE occurred_at < now() + interval '1 day') AS last_at
    FROM kino.agent_activity WHERE project_id IN (SELECT id FROM chosen)
    GROUP BY 1
), weekly AS (
    SELECT connected.project_id, count(*) AS commits,
        floor(extract(epoch FROM "commit".committed_at - CAST(:first_week AS timestamptz)) / 604800)::integer AS week
    FROM kino."commit" JOIN connected ON connected.id = "commit".repository_id
    WHERE "commit".committed_at >= :first_week
    GROUP BY connected.project_id, week
), spark AS (
    SELECT project_id, jsonb_object_agg(week, commits) AS weeks FROM weekly GROUP BY 1
), repositories AS (
    SELECT project_id, count(*) AS repositories FROM connected GROUP BY 1
)
SELECT chosen.id,
    coalesce(repositories.repositories, 0) AS repositories,
    coalesce(code.people, 0) AS people,
    coalesce(agents.agents, 0) AS agents,
    coalesce(code.commits, 0) AS commits,
    greatest(code.last_at, activity.last_at) AS last_activity_at,
    activity.project_id IS NOT NULL AS agents_report,
    coalesce(spark.weeks, '{}') AS weeks
FROM chosen
LEFT JOIN repositories ON repositories.project_id = chosen.id
LEFT JOIN code ON code.project_id = chosen.id
LEFT JOIN agents ON agents.project_id = chosen.id
LEFT JOIN activity ON activity.project_id = chosen.id
LEFT JOIN spark ON spark.project_id = chosen.id
