-- Statuses that people gave to projects that go on.
SELECT place, 'status of ' || name AS entity, project_id, turn.source AS event_source, turn.id AS event_id,
       plan.since AS occurred_at,
       ever_said AND NOT plan.archived AND plan.status IS DISTINCT FROM 'COMPLETED' AS counted,
       days_between(plan.since, moment) AS numerator, NULL AS reason
FROM asked_project
