-- One row a project for the portfolio: a handful of aggregates over all chosen projects, no query per project.
-- The names in braces are filled in by `project_list.ordered`: the order is one of a few, each with its index.
WITH chosen AS (
    SELECT project.id, project.name, project.initiative_id, initiative.name AS initiative, project.description,
        project.priority, project.status, project.status_reason, project.start_date, project.end_date,
        project.time_zone, project.sample, project.created_at, project.updated_at, project.archived_at
    FROM kino.visible_project(:viewer, :sees_all) AS project LEFT JOIN kino.initiative ON initiative.id = project.initiative_id
    WHERE (CAST(:project_id AS uuid) IS NULL OR project.id = :project_id)
      AND (:archived OR project.archived_at IS NULL)
      AND (CAST(:initiative_id AS uuid) IS NULL OR project.initiative_id = :initiative_id)
      AND (CAST(:status AS text) IS NULL OR project.status = :status)
      AND (CAST(:priority AS text) IS NULL OR project.priority = :priority)
      AND (CAST(:owner AS uuid) IS NULL OR EXISTS (
        SELECT FROM kino.project_member AS leader
        WHERE leader.project_id = project.id AND leader.user_id = :owner AND leader.role = 'PROJECT_LEADER'))
      AND (CAST(:text AS text) IS NULL OR strpos(lower(project.name), lower(:text)) > 0
           OR strpos(lower(project.description), lower(:text)) > 0)
      -- The rule of `kino_api/health.py`. No more is asked than the answer needs: that something happened lately is
      -- known from the newest partitions, and nothing is completed by rule.
      AND (CAST(:health AS text) IS NULL OR :health = coalesce(project.status, CASE
        WHEN :health = 'COMPLETED' THEN NULL
        WHEN project.id = ANY (CAST(:blocked AS uuid[])) THEN 'BLOCKED'
        WHEN :health = 'BLOCKED' THEN NULL
        WHEN kino.is_past(project.end_date, project.time_zone) OR EXISTS (
            SELECT FROM kino.slipping_dependency AS slipping WHERE slipping.project_id = project.id) THEN 'AT_RISK'
        WHEN EXISTS (
            SELECT FROM kino.agent_activity AS lately
            WHERE lately.project_id = project.id AND lately.occurred_at >= :quiet_since) OR EXISTS (
            SELECT FROM kino.repository JOIN kino."commit" AS lately ON lately.repository_id = repository.id
            WHERE repository.project_id = project.id AND lately.committed_at >= :quiet_since) THEN 'ON_TRACK'
        WHEN EXISTS (
            SELECT FROM kino.agent_activity AS ever WHERE ever.project_id = project.id) OR EXISTS (
            SELECT FROM kino.repository JOIN kino."commit" AS ever ON ever.repository_id = repository.id
            WHERE repository.project_id = project.id) THEN 'AT_RISK' END))
      AND (CAST(:after_id AS uuid) IS NULL OR ({key}, project.id) {beyond} ({after_key}, CAST(:after_id AS uuid)))
    ORDER BY {key} {direction}, project.id {direction}
    LIMIT :limit
), connected AS (
    SELECT repository.id, repository.project_id
    FROM kino.repository JOIN chosen ON chosen.id = repository.project_id
), by_author AS (
    SELECT connected.project_id, "commit".author_key, count(*) AS commits, max("commit".committed_at) AS last_at
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
    SELECT project_id, max(occurred_at) AS last_at
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
SELECT chosen.*,
    coalesce(repositories.repositories, 0) AS repositories,
    coalesce(code.people, 0) AS people,
    coalesce(agents.agents, 0) AS agents,
    coalesce(code.commits, 0) AS commits,
    greatest(code.last_at, activity.last_at) AS last_activity_at,
    activity.last_at IS NOT NULL AS agents_report,
    coalesce(spark.weeks, '{}') AS weeks
FROM chosen
LEFT JOIN repositories ON repositories.project_id = chosen.id
LEFT JOIN code ON code.project_id = chosen.id
LEFT JOIN agents ON agents.project_id = chosen.id
LEFT JOIN activity ON activity.project_id = chosen.id
LEFT JOIN spark ON spark.project_id = chosen.id
ORDER BY {shown_key} {direction}, chosen.id {direction}
