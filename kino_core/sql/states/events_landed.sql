-- How many events came in, by their source and day. A repository's events are where it is connected now.
WITH received AS (
    SELECT time_bucket(INTERVAL 15 MINUTE, received_at) AS since, source, repository, project_id, count(*) AS events,
           min((received_at, event_id)) AS first
    FROM bronze.event
    WHERE received_at >= (SELECT min(since) FROM asked_state) AND received_at <= (SELECT max(moment) FROM asked_state)
    GROUP BY ALL
),
placed AS (
    SELECT received.* EXCLUDE (project_id), p.project_id, p.initiative_id, r.repository_id,
           unnest(scopes_of(p.project_id, p.initiative_id, r.repository_id, NULL, NULL, NULL)) AS scope
    FROM received
    LEFT JOIN silver.repository r ON lower(r.full_name) = lower(received.repository)
    LEFT JOIN known_project p
        ON p.project_id = CASE WHEN received.repository IS NULL THEN received.project_id ELSE r.project_id END
)
SELECT a.place, e.source || ' events of ' || timezone(a.time_zone, e.since)::DATE AS entity,
       any_value(e.project_id) AS project_id, e.source AS event_source, min(e.first)[2] AS event_id,
       min(e.first)[1] AS occurred_at, true AS counted, sum(e.events) AS numerator, e.source AS reason
FROM placed e
JOIN asked_state a ON a.scope_type = e.scope.scope_type AND a.scope_id = e.scope.scope_id
    AND e.since >= a.since AND e.since < a.moment
GROUP BY a.place, timezone(a.time_zone, e.since)::DATE, e.source
