-- Agents that wrote or co-wrote a commit of the project or reported to it, by name.
WITH coded AS (
    SELECT "commit".agent_id, max("commit".committed_at) AS seen_at
    FROM kino."commit" JOIN kino.repository ON repository.id = "commit".repository_id
    WHERE repository.project_id = :project_id AND "commit".agent_id IS NOT NULL
    GROUP BY "commit".agent_id
), reported AS (
    -- Activity is too much to look through: the newest of each agent is found by index.
    SELECT reporting.agent_id, newest.occurred_at AS seen_at
    FROM kino.reporting_agent AS reporting
    CROSS JOIN LATERAL (
        SELECT activity.occurred_at FROM kino.agent_activity AS activity
        WHERE activity.agent_id = reporting.agent_id AND activity.project_id = reporting.project_id
          -- A clock that is far ahead tells nothing before its time comes.
          AND activity.occurred_at <= now() + interval '1 day'
        ORDER BY activity.occurred_at DESC LIMIT 1
    ) AS newest
    WHERE reporting.project_id = :project_id
)
SELECT agent.name, greatest(coded.seen_at, reported.seen_at) AS last_seen_at
FROM coded FULL JOIN reported USING (agent_id)
JOIN kino.agent ON agent.id = agent_id
ORDER BY lower(agent.name), agent.id
