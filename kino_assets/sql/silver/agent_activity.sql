-- What agents reported, a row an event.
CREATE OR REPLACE TEMP TABLE window_activity AS
WITH told AS (
    SELECT project_id, type, occurred_at, source, event_id, repository, json_transform(body, '{
        "agent_id": "VARCHAR", "agent_type": "VARCHAR", "task_id": "VARCHAR", "session_id": "VARCHAR",
        "commit_sha": "VARCHAR", "request_id": "VARCHAR",
        "data": {"blocker_id": "VARCHAR", "resolved": "VARCHAR", "passed": "VARCHAR", "failed": "VARCHAR",
                 "sha": "VARCHAR", "commit_sha": "VARCHAR", "branch": "VARCHAR", "pull_request": "VARCHAR",
                 "pr_number": "VARCHAR", "pull_request_url": "VARCHAR", "pr_url": "VARCHAR", "request_id": "VARCHAR",
                 "notification_type": "VARCHAR", "reason": "VARCHAR", "hook_event_name": "VARCHAR",
                 "status": "VARCHAR", "success": "VARCHAR"},
        "usage": {"input_tokens": "VARCHAR", "output_tokens": "VARCHAR", "cost_usd": "VARCHAR",
                  "cached_tokens": "VARCHAR", "cache_read_tokens": "VARCHAR", "cache_read_input_tokens": "VARCHAR",
                  "cached_input_tokens": "VARCHAR", "request_id": "VARCHAR"}}') AS b
    FROM window_event WHERE source = 'agent' AND project_id IS NOT NULL
),
read AS (
    SELECT told.*, b.data AS data,
           [n FOR n IN [try_cast(b.usage.input_tokens AS BIGINT)] IF n >= 0][1] AS input_tokens,
           [n FOR n IN [try_cast(b.usage.output_tokens AS BIGINT)] IF n >= 0][1] AS output_tokens,
           [n FOR n IN [try_cast(coalesce(b.usage.cached_tokens, b.usage.cache_read_tokens,
               b.usage.cache_read_input_tokens, b.usage.cached_input_tokens) AS BIGINT)] IF n >= 0][1] AS cached_tokens,
           [n FOR n IN [try_cast(try_cast(b.usage.cost_usd AS DOUBLE) AS DECIMAL(18, 9))] IF n >= 0][1] AS cost_usd,
           coalesce(nullif(b.usage.request_id, ''), nullif(b.request_id, ''), nullif(b.data.request_id, ''))
               AS request_id,
           -- A pull request by its address names its repository too.
           regexp_extract(
               coalesce(b.data.pull_request_url, b.data.pr_url, b.data.pull_request), '([^/\s]+/[^/\s]+)/pull/(\d+)',
               ['repository', 'number']) AS address
    FROM told
)
SELECT r.project_id, r.type AS event_type, r.occurred_at, r.b.task_id, a.agent_id, a.agent_type,
       r.b.session_id AS session_id, coalesce('session ' || r.b.session_id, 'task ' || r.b.task_id) AS sitting,
       coalesce(r.data.blocker_id, r.b.task_id) AS blocker_id, coalesce(r.data.resolved = 'true', false) AS resolved,
       r.type = 'blocker_identified' AND len(list_filter(
           [r.data.notification_type, r.data.reason, r.data.hook_event_name],
           lambda word: regexp_full_match(word, '(?i)permission([ _-]?(prompt|request|requested|required|denied))?'))) > 0
           AS prompted,
       r.type = 'task_completed' AND coalesce(
           lower(r.data.success) = 'false'
           OR lower(r.data.status) IN ('failed', 'failure', 'error', 'abort', 'aborted', 'cancelled', 'canceled', 'timeout')
           OR lower(r.data.reason) IN ('failed', 'failure', 'error', 'abort', 'aborted', 'cancelled', 'canceled', 'timeout'),
           false) AS failed_task,
       try_cast(r.data.passed AS BIGINT) AS passed, try_cast(r.data.failed AS BIGINT) AS failed,
       lower(coalesce(nullif(r.address.repository, ''), r.repository)) AS repository,
       [sha FOR sha IN [lower(coalesce(r.b.commit_sha, r.data.sha, r.data.commit_sha))]
           IF regexp_full_match(sha, '[0-9a-f]{7,64}')][1] AS commit_sha,
       -- On the branch that all goes to, one cannot tell which pull request was meant.
       [name FOR name IN [regexp_replace(r.data.branch, '^refs/heads/', '')]
           IF name NOT IN ('', 'main', 'master', 'HEAD')][1] AS branch,
       coalesce(try_cast(nullif(r.address.number, '') AS BIGINT), try_cast(r.data.pull_request AS BIGINT),
           try_cast(r.data.pr_number AS BIGINT)) AS pull_request,
       CASE WHEN coalesce(r.input_tokens, r.output_tokens, r.cached_tokens, r.cost_usd) IS NOT NULL
           THEN coalesce('request ' || r.request_id, 'event ' || r.event_id) END AS usage_key,
       r.input_tokens, r.output_tokens, r.cached_tokens, r.cost_usd,
       r.source AS event_source, r.event_id
FROM read r
JOIN silver.agent a ON a.agent_name = r.b.agent_id AND a.declared_type IS NOT DISTINCT FROM r.b.agent_type;

CREATE OR REPLACE TEMP TABLE fresh AS FROM window_activity;
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
