-- Open pull requests whose review is asked of somebody who has not given it. A request ends with the review of whom it
-- was made to, or when it is taken back. A pull request that was opened anew counts as never closed.
WITH asked_of AS (
    SELECT w.repository_id, w.number, w.login, w.requested, w.occurred_at, w.event_source, w.event_id,
           p.title, p.opened_at, least(p.merged_at, p.closed_at) AS ended_at, r.full_name, k.project_id,
           unnest(scopes_of(k.project_id, k.initiative_id, w.repository_id, i.person_id, NULL, NULL)) AS scope
    FROM silver.review_request w
    JOIN silver.pull_request p ON p.repository_id = w.repository_id AND p.number = w.number
    JOIN silver.repository r ON r.repository_id = w.repository_id
    JOIN known_project k ON k.project_id = r.project_id
    LEFT JOIN silver.identity i ON i.login = w.login
),
said AS (
    SELECT a.place, a.moment, w.repository_id, w.number, w.login, any_value(w.title) AS title,
           any_value(w.full_name) AS full_name, any_value(w.project_id) AS project_id,
           any_value(coalesce(w.ended_at > a.moment, true)) AS open,
           arg_max({'requested': w.requested, 'at': w.occurred_at, 'source': w.event_source, 'id': w.event_id},
                   (w.occurred_at, w.event_source, w.event_id)) AS latest
    FROM asked_of w
    JOIN asked_state a ON a.scope_type = w.scope.scope_type AND a.scope_id = w.scope.scope_id
        AND w.occurred_at <= a.moment
    GROUP BY a.place, a.moment, w.repository_id, w.number, w.login
),
waiting AS (
    SELECT place, moment, repository_id, number, any_value(title) AS title, any_value(full_name) AS full_name,
           any_value(project_id) AS project_id, bool_or(latest.requested AND open) AS counted,
           arg_min(latest, (latest.at, latest.source, latest.id)) FILTER (latest.requested) AS oldest
    FROM said GROUP BY place, moment, repository_id, number
)
SELECT place, 'pull request ' || full_name || '#' || number AS entity, project_id, oldest.source AS event_source,
       oldest.id AS event_id, oldest.at AS occurred_at, counted, 1 AS numerator,
       full_name || '#' || number || ' “' || coalesce(title, '') || '” has waited for '
           || date_diff('hour', oldest.at, moment) || ' hours' AS reason
FROM waiting
