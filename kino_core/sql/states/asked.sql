-- The moments as of which states are asked for: the end of the period in the scope's time zone, now where that is
-- still to come. Of a period that has not begun, and of a scope that nothing is known of, nothing is asked.
CREATE OR REPLACE TEMP TABLE known_project AS SELECT project_id, initiative_id, name, time_zone FROM silver.project;

CREATE OR REPLACE TEMP TABLE asked_state AS
SELECT DISTINCT place, scope_type, scope_id, time_zone, timezone(time_zone, first::TIMESTAMP) AS since,
       least(timezone(time_zone, (last + 1)::TIMESTAMP), now) AS moment,
       timezone(time_zone, (last + 1)::TIMESTAMP) > now AS is_now
FROM (
    SELECT a.*, coalesce(p.time_zone, r.time_zone, 'UTC') AS time_zone
    FROM asked_period a
    LEFT JOIN known_project p ON a.scope_type = 'project' AND a.scope_id = p.project_id::VARCHAR
    LEFT JOIN (
        SELECT repository_id::VARCHAR AS scope_id, time_zone
        FROM silver.repository JOIN known_project USING (project_id)
    ) r ON a.scope_type = 'repository' AND a.scope_id = r.scope_id
    WHERE a.scope_type <> 'project' OR p.project_id IS NOT NULL
)
WHERE since <= now;

-- Which scopes a row counts in; one that is null is none.
CREATE OR REPLACE TEMP MACRO scopes_of(project_id, initiative_id, repository_id, person_id, agent_id, agent_type) AS
    list_filter([
        {'scope_type': 'portfolio', 'scope_id': 'all'},
        {'scope_type': 'initiative', 'scope_id': initiative_id::VARCHAR},
        {'scope_type': 'project', 'scope_id': project_id::VARCHAR},
        {'scope_type': 'repository', 'scope_id': repository_id::VARCHAR},
        {'scope_type': 'person', 'scope_id': person_id::VARCHAR},
        {'scope_type': 'agent', 'scope_id': agent_id::VARCHAR},
        {'scope_type': 'agent_type', 'scope_id': agent_type}
    ], lambda scope: scope.scope_id IS NOT NULL);
-- Spans of time in what a state is told in.
CREATE OR REPLACE TEMP MACRO days_between(earlier, later) AS date_diff('second', earlier, later) / 86400.0;
