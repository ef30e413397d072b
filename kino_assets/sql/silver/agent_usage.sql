-- What was used up, once for each request: by whom and when is the first telling's, how much the last one's that says
-- so. It went into the pull request that the event itself leads to, or else its task, or else its sitting: of several
-- into the one merged next, and where none was, the one merged last.
CREATE OR REPLACE TEMP TABLE affected AS
SELECT project_id, usage_key FROM usage_told UNION SELECT project_id, usage_key FROM earlier_usage;

CREATE OR REPLACE TEMP TABLE spent AS
SELECT project_id, usage_key,
       unnest(arg_min({'occurred_at': occurred_at, 'agent_id': agent_id, 'agent_type': agent_type, 'task_id': task_id,
                       'sitting': sitting, 'event_source': event_source, 'event_id': event_id},
                      (occurred_at, event_source, event_id))),
       arg_max(input_tokens, (occurred_at, event_source, event_id)) AS input_tokens,
       arg_max(output_tokens, (occurred_at, event_source, event_id)) AS output_tokens,
       arg_max(cached_tokens, (occurred_at, event_source, event_id)) AS cached_tokens,
       arg_max(cost_usd, (occurred_at, event_source, event_id)) AS cost_usd
FROM usage_told
GROUP BY project_id, usage_key
UNION ALL BY NAME
SELECT * EXCLUDE (repository_id, number, merged_at) FROM earlier_usage ANTI JOIN usage_told USING (project_id, usage_key);

CREATE OR REPLACE TEMP TABLE fresh AS
WITH led AS (
    FROM silver.work_pull_request
    WHERE (project_id, task_id) IN (SELECT (project_id, task_id) FROM spent)
       OR (project_id, agent_id, sitting) IN (SELECT (project_id, agent_id, sitting) FROM spent)
),
way AS (
    SELECT s.project_id, s.usage_key, s.occurred_at, 1 AS detour, l.repository_id, l.number, l.merged_at
    FROM spent s JOIN led l USING (event_source, event_id)
    UNION ALL
    SELECT s.project_id, s.usage_key, s.occurred_at, 2, l.repository_id, l.number, l.merged_at
    FROM spent s JOIN led l USING (project_id, task_id)
    UNION ALL
    SELECT s.project_id, s.usage_key, s.occurred_at, 3, l.repository_id, l.number, l.merged_at
    FROM spent s JOIN led l USING (project_id, agent_id, sitting)
),
end_of_way AS (
    FROM (FROM way QUALIFY detour = min(detour) OVER (PARTITION BY project_id, usage_key)) nearest
    WHERE merged_at IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY project_id, usage_key
        ORDER BY merged_at >= occurred_at DESC, abs(date_diff('microsecond', occurred_at, merged_at)), repository_id,
                 number) = 1
)
SELECT s.*, w.repository_id, w.number, w.merged_at
FROM spent s LEFT JOIN end_of_way w ON w.project_id = s.project_id AND w.usage_key = s.usage_key;

INSERT INTO moved_spending
SELECT repository_id, number FROM earlier_usage WHERE number IS NOT NULL
UNION SELECT repository_id, number FROM fresh WHERE number IS NOT NULL;
