-- What the lake knows of the window's repositories, each table read once.
INSERT INTO told_deployment BY NAME
SELECT repository_id, kind, deployment_key, first(environment ORDER BY occurred_at, event_id) AS environment,
       bool_or(production) AS production,
       -- A tag that was moved is where it was put last.
       last(sha ORDER BY occurred_at, event_id) FILTER (sha IS NOT NULL) AS sha,
       last(ref ORDER BY occurred_at, event_id) FILTER (ref IS NOT NULL) AS ref,
       last(tag ORDER BY occurred_at, event_id) FILTER (tag IS NOT NULL) AS tag,
       last(title ORDER BY occurred_at, event_id) FILTER (title IS NOT NULL) AS title,
       min(occurred_at) FILTER (state = 'success') AS deployed_at,
       min(occurred_at) FILTER (state IN ('failure', 'error')) AS attempt_failed_at,
       first(event_source ORDER BY state = 'success' DESC, occurred_at, event_id) AS event_source,
       first(event_id ORDER BY state = 'success' DESC, occurred_at, event_id) AS event_id
FROM silver.deployment_event SEMI JOIN delivery_repository USING (repository_id)
GROUP BY repository_id, kind, deployment_key;

INSERT INTO known_pull_request BY NAME
SELECT repository_id, number, title, merged_at, person_id, agent_id, agent_type, event_source, event_id
FROM silver.pull_request SEMI JOIN delivery_repository USING (repository_id);

INSERT INTO earlier_outcome
SELECT repository_id, number FROM silver.pull_request_outcome SEMI JOIN delivery_repository USING (repository_id);

INSERT INTO known_issue BY NAME
SELECT repository_id, number, title, incident, gone, opened_at, closed_at, named, event_source, event_id
FROM silver.github_issue SEMI JOIN delivery_repository USING (repository_id);

INSERT INTO alert_word BY NAME
SELECT repository_id, tool, number, action, open, created_at, pull_request, sha, occurred_at, event_source, event_id
FROM silver.alert_event SEMI JOIN delivery_repository USING (repository_id);
