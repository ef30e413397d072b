-- Counts the projects anew, as 0011 made it, and what claims to be from the future is no sign of life: clocks are a
-- little ahead, and what is more than a day ahead counts when its time comes.
-- Whoever comes second waits and then counts what the first one may not have seen.
CREATE OR REPLACE FUNCTION kino.recount_projects(asked uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    monday timestamp := date_trunc('week', now() AT TIME ZONE 'UTC');
    tomorrow timestamptz := now() + interval '1 day';
BEGIN
    PERFORM FROM kino.project_summary WHERE project_id = ANY (asked) ORDER BY project_id FOR UPDATE;
    WITH connected AS (
        SELECT id, project_id FROM kino.repository WHERE project_id = ANY (asked)
    ), authored AS MATERIALIZED (
        SELECT connected.project_id, "commit".author_key, "commit".agent_id, count(*) AS commits,
            max("commit".committed_at) FILTER (WHERE "commit".committed_at < tomorrow) AS last_at
        FROM kino."commit" JOIN connected ON connected.id = "commit".repository_id
        GROUP BY connected.project_id, "commit".author_key, "commit".agent_id
    ), code AS (
        SELECT authored.project_id, sum(authored.commits)::bigint AS commits, max(authored.last_at) AS last_at,
            count(DISTINCT identity.person_id) FILTER (WHERE identity.kind = 'human') AS people
        FROM authored LEFT JOIN kino.identity ON identity.key = authored.author_key
        GROUP BY authored.project_id
    ), seen AS MATERIALIZED (
        SELECT project_id, agent_id FROM authored WHERE agent_id IS NOT NULL
        UNION
        SELECT project_id, agent_id FROM kino.reporting_agent WHERE project_id = ANY (asked)
    ), gone AS (
        DELETE FROM kino.project_agent AS known
        WHERE known.project_id = ANY (asked)
          AND (known.project_id, known.agent_id) NOT IN (SELECT project_id, agent_id FROM seen)
    ), come AS (
        INSERT INTO kino.project_agent SELECT project_id, agent_id FROM seen ON CONFLICT DO NOTHING
    ), weekly AS (
        SELECT connected.project_id, date_trunc('week', "commit".committed_at AT TIME ZONE 'UTC')::date AS week,
            count(*) AS commits
        FROM kino."commit" JOIN connected ON connected.id = "commit".repository_id
        WHERE "commit".committed_at >= (monday - interval '11 weeks') AT TIME ZONE 'UTC'
          -- What claims to be from a far future would only grow; it is counted when its time comes.
          AND "commit".committed_at < (monday + interval '12 weeks') AT TIME ZONE 'UTC'
        GROUP BY 1, 2
    ), blocked AS (
        SELECT project_id, count(*) AS open, min(opened_at) AS oldest_at
        FROM kino.open_blocker(asked, 'infinity') GROUP BY project_id
    )
    UPDATE kino.project_summary AS summary SET
        repositories = (SELECT count(*) FROM connected WHERE connected.project_id = summary.project_id),
        people = coalesce(code.people, 0),
        agents = (SELECT count(*) FROM seen WHERE seen.project_id = summary.project_id),
        commits = coalesce(code.commits, 0),
        last_activity_at = greatest(code.last_at, activity.last_at),
        agents_report = EXISTS (
            SELECT FROM kino.reporting_agent AS reporting WHERE reporting.project_id = summary.project_id),
        weeks = coalesce(
            (SELECT jsonb_object_agg(weekly.week, weekly.commits) FROM weekly
             WHERE weekly.project_id = summary.project_id), '{}'),
        busiest_week = coalesce(
            (SELECT max(weekly.commits) FROM weekly
             WHERE weekly.project_id = summary.project_id AND weekly.week <= monday), 0),
        open_blockers = coalesce(blocked.open, 0),
        oldest_blocker_at = blocked.oldest_at,
        counted_at = clock_timestamp()
    FROM unnest(asked) AS counted (project_id)
    LEFT JOIN code ON code.project_id = counted.project_id
    LEFT JOIN blocked ON blocked.project_id = counted.project_id
    LEFT JOIN LATERAL (
        SELECT agent_activity.occurred_at AS last_at FROM kino.agent_activity
        WHERE agent_activity.project_id = counted.project_id AND agent_activity.occurred_at < tomorrow
        ORDER BY agent_activity.occurred_at DESC LIMIT 1
    ) AS activity ON true
    WHERE summary.project_id = counted.project_id;
END $$;

-- What was counted before.
INSERT INTO kino.project_touched SELECT project_id FROM kino.project_summary WHERE last_activity_at > now() + interval '1 day';
