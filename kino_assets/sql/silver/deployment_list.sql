-- The production deployments of the window's repositories in their order, and from when on what they brought is to be
-- found out anew. Releases count as deployments of a repository that never told of one to production.
INSERT INTO deployment_list BY NAME
WITH chosen AS (
    SELECT t.* REPLACE (coalesce(t.sha, g.sha) AS sha)
    FROM (
        FROM told_deployment
        WHERE production
        QUALIFY kind = 'deployment' OR NOT bool_or(kind = 'deployment') OVER (PARTITION BY repository_id)
    ) t
    LEFT JOIN told_deployment g ON g.kind = 'tag' AND g.repository_id = t.repository_id AND g.tag = t.tag
),
placed AS (
    SELECT c.repository_id, c.deployment_key, c.environment, c.sha, c.ref, c.tag, c.title, c.deployed_at,
           c.attempt_failed_at, coalesce(k.committed_at, c.deployed_at) AS contained_until,
           -- GitHub's pushes name no parents: what such a commit contains can be told by time alone.
           k.parents IS NULL AS estimated, c.event_source, c.event_id
    FROM chosen c LEFT JOIN silver.commit k ON k.repository_id = c.repository_id AND k.sha = c.sha
),
named AS (
    SELECT *, deployed_at IS NOT NULL AND row_number() OVER (
               PARTITION BY repository_id, coalesce(sha, deployment_key) ORDER BY deployed_at, deployment_key) = 1 AS brings,
           CASE WHEN sha IS NOT NULL
               THEN min(deployed_at) OVER (PARTITION BY repository_id, environment, sha) END AS first_deployed_at
    FROM placed
)
SELECT * EXCLUDE (first_deployed_at),
       CASE WHEN deployed_at IS NOT NULL THEN lag(deployment_key) OVER line END AS replaces,
       -- Back to what was in production before that which it replaces.
       coalesce(deployed_at IS NOT NULL AND first_deployed_at < lag(first_deployed_at) OVER line, false) AS goes_back
FROM named
WINDOW line AS (PARTITION BY repository_id, environment, deployed_at IS NULL ORDER BY deployed_at, deployment_key);

INSERT INTO earlier_deployment BY NAME
SELECT repository_id, deployment_key, sha, deployed_at, contained_until, estimated, event_id
FROM silver.deployment SEMI JOIN deployment_list USING (repository_id);

INSERT INTO earlier_delivery BY NAME
SELECT repository_id, sha, deployed_at
FROM silver.delivered_commit SEMI JOIN deployment_list USING (repository_id);

CREATE OR REPLACE TEMP TABLE window_sha AS
SELECT n.repository_id, (body ->> '$.sha') AS sha, try_cast(body ->> '$.committer.date' AS TIMESTAMPTZ) AS committed_at
FROM window_event JOIN repository_name n USING (repository)
WHERE source = 'git' AND type = 'commit' AND n.repository_id IN (SELECT repository_id FROM deployment_list)
UNION
SELECT repository_id, (c ->> '$.id'), try_cast(c ->> '$.timestamp' AS TIMESTAMPTZ)
FROM (
    SELECT n.repository_id, unnest(body -> '$.commits[*]') AS c
    FROM window_event JOIN repository_name n USING (repository)
    WHERE source = 'github' AND type = 'push' AND n.repository_id IN (SELECT repository_id FROM deployment_list)
);

-- Where a deployment came, went or moved, all from its time on. Where a commit of this window was delivered already, is
-- a parent of one that was, or is old enough for an estimate, everything: any of it may change.
INSERT INTO delivery_since
WITH listed AS (
    SELECT repository_id, deployment_key, sha, deployed_at, contained_until, estimated, event_id FROM deployment_list
)
SELECT repository_id, min(since)
FROM (
    SELECT repository_id, deployed_at AS since
    FROM ((FROM listed EXCEPT FROM earlier_deployment) UNION ALL (FROM earlier_deployment EXCEPT FROM listed))
    UNION ALL
    SELECT repository_id, '-infinity'::TIMESTAMPTZ
    FROM window_sha w JOIN (
        SELECT repository_id, max(contained_until) AS contained_until
        FROM deployment_list WHERE estimated AND brings GROUP BY repository_id
    ) e USING (repository_id)
    WHERE w.committed_at <= e.contained_until
    UNION ALL
    SELECT repository_id, '-infinity'::TIMESTAMPTZ
    FROM window_sha SEMI JOIN earlier_delivery USING (repository_id, sha)
    UNION ALL
    SELECT repository_id, '-infinity'::TIMESTAMPTZ
    FROM (SELECT repository_id, unnest(parents) AS sha
          FROM silver.commit SEMI JOIN earlier_delivery USING (repository_id, sha))
         SEMI JOIN window_sha USING (repository_id, sha)
)
WHERE since IS NOT NULL
GROUP BY repository_id;

INSERT INTO undelivered BY NAME
SELECT c.repository_id, c.sha, c.parents, c.committed_at, c.authored_at, c.subject, c.person_id, c.agent_id, c.agent_type
FROM silver.commit c
SEMI JOIN delivery_since s ON s.repository_id = c.repository_id
ANTI JOIN (
    SELECT d.repository_id, d.sha FROM earlier_delivery d JOIN delivery_since s USING (repository_id)
    WHERE d.deployed_at < s.since
) d ON d.repository_id = c.repository_id AND d.sha = c.sha;
