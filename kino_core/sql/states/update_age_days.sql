-- The newest update of each project that goes on. One that was deleted since is none any more.
SELECT p.place, 'update of ' || any_value(p.name) AS entity, p.project_id,
       arg_max(u.event_source, (u.written_at, u.update_id)) AS event_source,
       arg_max(u.event_id, (u.written_at, u.update_id)) AS event_id, max(u.written_at) AS occurred_at,
       any_value(NOT p.plan.archived AND p.plan.status IS DISTINCT FROM 'COMPLETED') AS counted,
       days_between(max(u.written_at), any_value(p.moment)) AS numerator, NULL AS reason
FROM asked_project p
JOIN silver.project_update u ON u.project_id = p.project_id AND u.written_at <= p.moment
    AND (u.removed_at IS NULL OR u.removed_at > p.moment)
GROUP BY p.place, p.project_id
