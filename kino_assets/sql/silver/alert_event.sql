-- What this window tells of alerts. An alert of Dependabot or secret scanning is a security issue, one of code scanning
-- where its rule has a security severity, else a static one. A leaked secret is critical; of static ones an error is
-- high, a warning medium, a note low.
CREATE OR REPLACE TEMP TABLE fresh AS
WITH told AS (
    SELECT n.repository_id, replace(e.type, '_alert', '') AS tool, try_cast(body ->> '$.alert.number' AS BIGINT) AS number,
           (body ->> '$.action') AS action, (body ->> '$.alert.state') = 'open' AS open,
           try_cast(body ->> '$.alert.created_at' AS TIMESTAMPTZ) AS created_at,
           lower(coalesce(body ->> '$.alert.rule.security_severity_level',
                          body ->> '$.alert.security_vulnerability.severity',
                          body ->> '$.alert.security_advisory.severity')) AS security_severity,
           lower(body ->> '$.alert.rule.severity') AS rule_severity,
           (body ->> '$.ref') AS ref,
           lower(coalesce(nullif(body ->> '$.commit_oid', ''), body ->> '$.alert.most_recent_instance.commit_sha',
                          body ->> '$.alert.instances[0].commit_sha')) AS sha,
           e.body, e.occurred_at AS received_at, e.source AS event_source, e.event_id
    FROM window_event e JOIN repository_name n USING (repository)
    WHERE e.source = 'github' AND e.type IN ('code_scanning_alert', 'dependabot_alert', 'secret_scanning_alert')
      AND (body ->> '$.alert.state') IS NOT NULL AND try_cast(body ->> '$.alert.number' AS BIGINT) IS NOT NULL
)
SELECT repository_id, tool, number, action, open,
       CASE WHEN tool <> 'code_scanning' OR security_severity IS NOT NULL THEN 'security' ELSE 'static' END AS class,
       CASE WHEN tool = 'secret_scanning' THEN 'critical'
            WHEN class = 'security' THEN CASE security_severity WHEN 'moderate' THEN 'medium' WHEN 'critical' THEN 'critical'
                WHEN 'high' THEN 'high' WHEN 'medium' THEN 'medium' WHEN 'low' THEN 'low' END
            ELSE CASE rule_severity WHEN 'critical' THEN 'critical' WHEN 'error' THEN 'high' WHEN 'warning' THEN 'medium'
                WHEN 'note' THEN 'low' END
       END AS severity,
       created_at, try_cast(nullif(regexp_extract(ref, '^refs/pull/(\d+)/', 1), '') AS BIGINT) AS pull_request, sha,
       coalesce(CASE WHEN action = 'created' THEN created_at END,
                CASE WHEN NOT open THEN coalesce(
                    try_cast(body ->> '$.alert.fixed_at' AS TIMESTAMPTZ),
                    try_cast(body ->> '$.alert.dismissed_at' AS TIMESTAMPTZ),
                    try_cast(body ->> '$.alert.auto_dismissed_at' AS TIMESTAMPTZ),
                    try_cast(body ->> '$.alert.resolved_at' AS TIMESTAMPTZ)) END,
                try_cast(body ->> '$.alert.updated_at' AS TIMESTAMPTZ), received_at) AS occurred_at,
       event_source, event_id
FROM told;
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
