-- Merged pull requests with what agents spent on them; of several agents it counts for the one who spent most.
CREATE OR REPLACE TEMP TABLE near_merged AS
FROM silver.pull_request
WHERE merged_at IS NOT NULL AND (repository_id IN (FROM moved_repository)
    OR (repository_id, number) IN (SELECT (repository_id, number) FROM moved_spending));
CREATE OR REPLACE TEMP TABLE affected AS
SELECT repository_id, number FROM near_merged
UNION SELECT repository_id, number FROM moved_spending
UNION SELECT repository_id, number FROM silver.pull_request_cost WHERE repository_id IN (FROM moved_repository);

CREATE OR REPLACE TEMP TABLE fresh AS
WITH share AS (
    SELECT repository_id, number, agent_id, arg_min(agent_type, (occurred_at, event_source, event_id)) AS agent_type,
           sum(cost_usd) AS cost_usd
    FROM silver.agent_usage SEMI JOIN affected USING (repository_id, number)
    GROUP BY repository_id, number, agent_id
),
spent AS (
    SELECT repository_id, number, sum(cost_usd) AS cost_usd,
           arg_max({'id': agent_id, 'type': agent_type}, (coalesce(cost_usd, -1), agent_id)) AS agent
    FROM share GROUP BY repository_id, number
)
SELECT p.repository_id, p.number, p.merged_at, s.cost_usd, p.person_id, coalesce(s.agent.id, p.agent_id) AS agent_id,
       coalesce(s.agent.type, p.agent_type) AS agent_type, p.event_source, p.event_id
FROM near_merged p LEFT JOIN spent s ON s.repository_id = p.repository_id AND s.number = p.number;
