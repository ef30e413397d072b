-- What was spent 14 days before a moment of the period, and whether the work had been merged by then.
SELECT a.place, 'usage ' || s.usage_key AS entity, s.project_id, s.event_source, s.event_id, s.occurred_at,
       s.due >= a.since AS counted,
       CASE WHEN s.cost_usd IS NOT NULL AND s.merged_at <= s.due THEN 0 ELSE s.cost_usd::DOUBLE END AS numerator,
       NULL AS reason
FROM (
    SELECT spent.*, occurred_at + INTERVAL 14 DAY AS due,
           unnest(scopes_of(project_id, initiative_id, NULL, NULL, agent_id, agent_type)) AS scope
    FROM silver.agent_usage spent JOIN known_project USING (project_id)
    WHERE occurred_at < (SELECT max(moment) FROM asked_state) - INTERVAL 14 DAY
) s
JOIN asked_state a ON a.scope_type = s.scope.scope_type AND a.scope_id = s.scope.scope_id AND s.due < a.moment
