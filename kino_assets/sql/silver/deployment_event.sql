-- What this window tells of deployments, releases and tags. GitHub's times are read from the payload: the event itself
-- occurred when it came in.
CREATE OR REPLACE TEMP TABLE fresh AS
WITH told AS (
    SELECT n.repository_id, e.type, e.body, e.occurred_at AS received_at, e.source AS event_source, e.event_id
    FROM window_event e JOIN repository_name n USING (repository)
    WHERE e.source = 'github' AND e.type IN ('deployment_status', 'release', 'push')
)
SELECT repository_id, 'deployment' AS kind, 'deployment ' || (body ->> '$.deployment.id') AS deployment_key,
       lower(coalesce(body ->> '$.deployment_status.environment', body ->> '$.deployment.environment', ''))
           AS environment,
       environment IN ('production', 'prod', 'live')
           OR coalesce((body ->> '$.deployment.production_environment') = 'true', false) AS production,
       (body ->> '$.deployment_status.state') AS state,
       lower(body ->> '$.deployment.sha') AS sha, (body ->> '$.deployment.ref') AS ref, NULL::VARCHAR AS tag,
       NULL::VARCHAR AS title,
       coalesce(try_cast(body ->> '$.deployment_status.created_at' AS TIMESTAMPTZ), received_at) AS occurred_at,
       event_source, event_id
FROM told
WHERE type = 'deployment_status' AND (body ->> '$.deployment.id') IS NOT NULL
UNION ALL
-- `released` also tells of a pre-release that became a release: it is one from then on.
SELECT repository_id, 'release', 'release ' || (body ->> '$.release.id'), 'release', true, 'success',
       CASE WHEN regexp_matches(body ->> '$.release.target_commitish', '^[0-9a-fA-F]{40}([0-9a-fA-F]{24})?$')
           THEN lower(body ->> '$.release.target_commitish') END,
       (body ->> '$.release.target_commitish'), (body ->> '$.release.tag_name'), (body ->> '$.release.name'),
       coalesce(CASE WHEN (body ->> '$.action') = 'released'
                    THEN try_cast(body ->> '$.release.updated_at' AS TIMESTAMPTZ) END,
                try_cast(body ->> '$.release.published_at' AS TIMESTAMPTZ), received_at),
       event_source, event_id
FROM told
WHERE type = 'release' AND (body ->> '$.action') IN ('published', 'released') AND (body ->> '$.release.id') IS NOT NULL
  AND coalesce((body ->> '$.release.prerelease') <> 'true', true)
  AND coalesce((body ->> '$.release.draft') <> 'true', true)
UNION ALL
-- A release names its tag, the tag's push names the commit.
SELECT repository_id, 'tag', 'tag ' || (body ->> '$.ref'), NULL, false, NULL, lower(body ->> '$.head_commit.id'), NULL,
       substr(body ->> '$.ref', 11), NULL, received_at, event_source, event_id
FROM told
WHERE type = 'push' AND starts_with(body ->> '$.ref', 'refs/tags/') AND (body ->> '$.head_commit.id') IS NOT NULL;
CREATE OR REPLACE TEMP TABLE affected AS SELECT event_source, event_id FROM fresh;
