-- Production deployments. One failed when an incident is linked to it, or when the next one in its environment is a
-- rollback or a hotfix: of these definitions every delivery metric is made.
CREATE OR REPLACE TEMP TABLE fresh AS
WITH reverting AS (
    SELECT r.repository_id, r.deployment_key
    FROM delivery r
    JOIN deployment_list d USING (repository_id, deployment_key)
    JOIN delivery w ON w.repository_id = r.repository_id AND w.title = r.reverted_title
        AND w.deployment_key = d.replaces
    UNION
    SELECT r.repository_id, r.deployment_key
    FROM outcome r
    JOIN deployment_list d USING (repository_id, deployment_key)
    JOIN outcome w ON w.repository_id = r.repository_id AND w.deployment_key = d.replaces
    WHERE w.number = r.reverts OR r.title = 'Revert "' || w.title || '"'
),
hot AS (
    SELECT repository_id, deployment_key FROM delivery WHERE hotfix
    UNION SELECT repository_id, deployment_key FROM outcome WHERE hotfix AND deployment_key IS NOT NULL
    UNION SELECT repository_id, deployment_key FROM deployment_list
    WHERE regexp_matches(coalesce(ref, ''), '(?i)^(refs/heads/)?hotfix([/_-]|$)')
       OR regexp_matches(coalesce(tag, ''), '(?i)(^|[/_-])hotfix([/_.-]|\d|$)')
       OR regexp_matches(coalesce(title, ''), '(?i)^\W*hotfix\b')
),
brought AS (
    SELECT repository_id, deployment_key, count(*) AS commits FROM delivery GROUP BY repository_id, deployment_key
),
marked AS (
    SELECT d.*, coalesce(b.commits, 0) AS commits,
           d.goes_back OR (d.replaces IS NOT NULL AND r.deployment_key IS NOT NULL) AS rollback,
           d.replaces IS NOT NULL AND h.deployment_key IS NOT NULL AS hotfix
    FROM deployment_list d
    LEFT JOIN brought b USING (repository_id, deployment_key)
    LEFT JOIN reverting r ON r.repository_id = d.repository_id AND r.deployment_key = d.deployment_key
    LEFT JOIN hot h ON h.repository_id = d.repository_id AND h.deployment_key = d.deployment_key
),
trouble AS (
    SELECT repository_id, deployment_key, count(*) AS incidents,
           CASE WHEN bool_and(closed_at IS NOT NULL) THEN max(closed_at) END AS closed_at
    FROM linked_incident WHERE deployment_key IS NOT NULL GROUP BY repository_id, deployment_key
),
remedy AS (
    SELECT repository_id, replaces AS deployment_key, min(deployed_at) AS deployed_at
    FROM marked WHERE rollback OR hotfix GROUP BY repository_id, replaces
)
SELECT m.repository_id, m.deployment_key, m.environment, m.sha, m.ref, m.tag, m.deployed_at, m.attempt_failed_at,
       m.contained_until, m.estimated, m.commits, m.replaces, m.rollback, m.hotfix,
       t.incidents IS NOT NULL OR y.deployed_at IS NOT NULL AS failed,
       CASE WHEN t.incidents IS NOT NULL THEN t.closed_at ELSE y.deployed_at END AS restored_at,
       NULL::UUID AS agent_id, NULL::VARCHAR AS agent_type, m.event_source, m.event_id
FROM marked m
LEFT JOIN trouble t USING (repository_id, deployment_key)
LEFT JOIN remedy y ON y.repository_id = m.repository_id AND y.deployment_key = m.deployment_key;

CREATE OR REPLACE TEMP TABLE affected AS
SELECT repository_id, deployment_key FROM deployment_list
UNION SELECT repository_id, deployment_key FROM earlier_deployment;
