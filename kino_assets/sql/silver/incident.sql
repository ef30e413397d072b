-- Issues with an incident's label, each linked to the production deployment that its text names, by commit, tag or pull
-- request, else to the latest one of the 24 hours before it opened.
CREATE OR REPLACE TEMP TABLE linked_incident AS
WITH opened AS (
    FROM known_issue WHERE incident AND NOT gone AND opened_at IS NOT NULL
),
word AS (
    SELECT repository_id, number, opened_at, unnest(named) AS word FROM opened
),
deployed AS (
    SELECT repository_id, deployment_key, sha, lower(tag) AS tag, deployed_at FROM deployment_list
    WHERE deployed_at IS NOT NULL
),
candidate AS (
    SELECT w.repository_id, w.number, d.deployment_key, d.deployed_at, 1 AS rank, 'commit' AS linked_by
    FROM word w
    JOIN deployed d ON d.repository_id = w.repository_id AND left(d.sha, 7) = left(w.word, 7)
    WHERE d.deployed_at <= w.opened_at AND len(w.word) >= 7 AND starts_with(d.sha, w.word)
    UNION ALL
    SELECT w.repository_id, w.number, d.deployment_key, d.deployed_at, 2, 'tag'
    FROM word w JOIN deployed d ON d.repository_id = w.repository_id AND d.tag = w.word
    WHERE d.deployed_at <= w.opened_at
    UNION ALL
    SELECT w.repository_id, w.number, d.deployment_key, d.deployed_at, 3, 'pull request'
    FROM word w
    JOIN outcome o ON o.repository_id = w.repository_id
        AND o.number = try_cast(nullif(regexp_extract(w.word, '^(#|/pull/)(\d+)$', 2), '') AS BIGINT)
    JOIN deployed d ON d.repository_id = o.repository_id AND d.deployment_key = o.deployment_key
    WHERE d.deployed_at <= w.opened_at
    UNION ALL
    SELECT o.repository_id, o.number, d.deployment_key, d.deployed_at, 4, 'time'
    FROM opened o
    ASOF JOIN (
        SELECT repository_id, deployed_at, max(deployment_key) AS deployment_key FROM deployed
        GROUP BY repository_id, deployed_at
    ) d ON d.repository_id = o.repository_id AND d.deployed_at <= o.opened_at
    WHERE d.deployed_at >= o.opened_at - INTERVAL 24 HOUR
),
best AS (
    SELECT DISTINCT ON (repository_id, number) *
    FROM candidate ORDER BY repository_id, number, rank, deployed_at DESC, deployment_key DESC
)
SELECT o.repository_id, o.number, o.title, o.opened_at, o.closed_at, b.deployment_key, b.linked_by,
       o.event_source, o.event_id
FROM opened o LEFT JOIN best b USING (repository_id, number);

CREATE OR REPLACE TEMP TABLE affected AS SELECT repository_id, number FROM known_issue;
CREATE OR REPLACE TEMP TABLE fresh AS FROM linked_incident;
