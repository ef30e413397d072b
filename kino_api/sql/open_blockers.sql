-- Blockers whose last word is "open": not reported resolved since, and their task not completed since.
-- The same rule as the lake's blocker_change: a blocker without an id is its task's.
SELECT latest.project_id, latest.blocker_id, latest.task_id, latest.description, latest.agent_id,
    agent.name AS agent, agent.agent_type, latest.opened_at, latest.occurred_at AS last_reported_at
FROM (
    SELECT DISTINCT ON (project_id, coalesce(data ->> 'blocker_id', task_id))
        project_id, coalesce(data ->> 'blocker_id', task_id) AS blocker_id, task_id, agent_id,
        coalesce(data ->> 'description', '') AS description, occurred_at, source, event_id,
        data -> 'resolved' = 'true' AS resolved,
        min(occurred_at) OVER (PARTITION BY project_id, coalesce(data ->> 'blocker_id', task_id)) AS opened_at
    FROM kino.agent_activity
    WHERE event_type = 'blocker_identified'
      AND (CAST(:project_ids AS uuid[]) IS NULL OR project_id = ANY (:project_ids))
    ORDER BY project_id, coalesce(data ->> 'blocker_id', task_id), occurred_at DESC, source DESC, event_id DESC
) AS latest
LEFT JOIN kino.agent ON agent.id = latest.agent_id
WHERE latest.resolved IS NOT TRUE
  AND NOT EXISTS (
    SELECT FROM kino.agent_activity AS done
    WHERE done.project_id = latest.project_id AND done.task_id = latest.task_id
      AND done.event_type = 'task_completed'
      AND (done.occurred_at, done.source, done.event_id) > (latest.occurred_at, latest.source, latest.event_id)
  )
ORDER BY latest.opened_at, latest.blocker_id
