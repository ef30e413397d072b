-- What several states look at: how each project and scope item stood at the moment that is asked for.
CREATE OR REPLACE TEMP TABLE asked_project AS
SELECT a.place, a.scope_type, a.moment, s.project_id, any_value(s.name) AS name,
       arg_max({'status': s.status, 'since': s.since, 'end_date': s.end_date, 'archived': s.archived,
                'told_at': s.told_at, 'source': s.event_source, 'id': s.event_id}, (s.told_at, s.event_id)) AS plan,
       bool_or(s.status IS NOT NULL) AS ever_said,
       -- What was told when the present status was given.
       arg_max({'source': s.event_source, 'id': s.event_id}, (s.told_at, s.event_id)) FILTER (s.told_at = s.since) AS turn
FROM (
    SELECT t.*, k.name, unnest(scopes_of(t.project_id, k.initiative_id, NULL, NULL, NULL, NULL)) AS counts_in
    FROM silver.project_status t JOIN known_project k USING (project_id)
) s
JOIN asked_state a ON a.scope_type = s.counts_in.scope_type AND a.scope_id = s.counts_in.scope_id AND s.told_at <= a.moment
GROUP BY a.place, a.scope_type, a.moment, s.project_id;

CREATE OR REPLACE TEMP TABLE asked_item AS
SELECT a.place, a.moment, any_value(s.project_id) AS project_id, s.item_id,
       'item ' || coalesce(any_value(s.key), s.item_id::VARCHAR) AS entity,
       arg_max({'status': s.status, 'at': s.occurred_at, 'started_at': s.started_at,
                'source': s.event_source, 'id': s.event_id}, (s.occurred_at, s.event_source, s.event_id)) AS latest,
       min(s.started_at) AS begun_at, max(s.occurred_at) FILTER (s.completed = 1) AS done_at,
       max(s.occurred_at) FILTER (s.in_progress = 1) AS working_since
FROM (
    SELECT c.*, unnest(scopes_of(c.project_id, k.initiative_id, NULL, c.person_id, c.agent_id, c.agent_type)) AS counts_in
    FROM silver.scope_change c JOIN known_project k USING (project_id)
    WHERE c.occurred_at <= (SELECT max(moment) FROM asked_state)
) s
JOIN asked_state a ON a.scope_type = s.counts_in.scope_type AND a.scope_id = s.counts_in.scope_id AND s.occurred_at <= a.moment
GROUP BY a.place, a.moment, s.item_id;

-- What a forecast is made of: items that remain, and those that are done; `numerator` is for how many days each has
-- been under way or done. Beside them the day on which a single project is to end.
CREATE OR REPLACE TEMP TABLE forecast_row AS
SELECT place, entity, project_id, latest.source AS event_source, latest.id AS event_id,
       CASE WHEN latest.status = 'DONE' THEN done_at ELSE latest.at END AS occurred_at,
       latest.status NOT IN ('DONE', 'CANCELLED', 'REMOVED') AS counted,
       days_between(least(begun_at, done_at), moment) AS numerator,
       CASE WHEN latest.status = 'DONE' THEN 'done' WHEN counted THEN 'remaining' ELSE 'gone' END AS reason
FROM asked_item
UNION ALL
SELECT place, plan.end_date::VARCHAR, project_id, plan.source, plan.id, plan.told_at, false, NULL, 'end'
FROM asked_project WHERE scope_type = 'project' AND plan.end_date IS NOT NULL;
