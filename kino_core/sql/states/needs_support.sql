-- What may hold a person up, told apart by `reason`: reviews that wait for them, pull requests of theirs that are open,
-- and the share of their work that was done again, week by week over the eight that are over. Theirs alone: a row
-- counts in no other scope.
WITH person AS (
    SELECT place, moment, scope_id::UUID AS person_id, date_trunc('week', timezone('UTC', moment)) AS monday
    FROM asked_state WHERE scope_type = 'person'
),
pull_request AS (
    SELECT p.repository_id, p.number, p.person_id, p.opened_at, p.event_source, p.event_id, k.project_id,
           least(p.merged_at, p.closed_at) AS ended_at, r.full_name || '#' || p.number AS name
    FROM silver.pull_request p
    JOIN silver.repository r ON r.repository_id = p.repository_id
    JOIN known_project k ON k.project_id = r.project_id
),
request AS (
    SELECT a.place, a.moment, p.name, p.project_id, any_value(p.ended_at) AS ended_at,
           arg_max({'requested': w.requested, 'at': w.occurred_at, 'source': w.event_source, 'id': w.event_id},
                   (w.occurred_at, w.event_source, w.event_id)) AS latest
    FROM silver.review_request w
    JOIN silver.identity i ON i.login = w.login
    JOIN pull_request p ON p.repository_id = w.repository_id AND p.number = w.number
    JOIN person a ON a.person_id = i.person_id AND w.occurred_at <= a.moment
    GROUP BY a.place, a.moment, p.name, p.project_id
)
SELECT place, 'review of ' || name AS entity, project_id, latest.source AS event_source, latest.id AS event_id,
       latest.at AS occurred_at, latest.requested AND coalesce(ended_at > moment, true) AS counted,
       days_between(latest.at, moment) AS numerator, 'review' AS reason
FROM request
UNION ALL
SELECT a.place, 'pull request ' || p.name, p.project_id, p.event_source, p.event_id, p.opened_at,
       coalesce(p.ended_at > a.moment, true), days_between(p.opened_at, a.moment), 'open'
FROM pull_request p JOIN person a ON a.person_id = p.person_id AND p.opened_at <= a.moment
UNION ALL
SELECT a.place, 'week of ' || g.period_start, NULL, NULL, NULL, timezone('UTC', g.period_start::TIMESTAMP), false,
       g.value, 'rework'
FROM gold.metric_value g JOIN person a ON g.scope_id = a.person_id::VARCHAR
WHERE g.metric = 'rework_rate' AND g.scope_type = 'person' AND g.grain = 'week'
  AND g.period_start >= a.monday - INTERVAL 56 DAY AND g.period_start < a.monday AND g.value IS NOT NULL
