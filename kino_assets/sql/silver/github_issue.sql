-- What GitHub last said of each issue: the latest event wins, in whatever order they came; one that was deleted or moved
-- away stays so.
CREATE OR REPLACE TEMP TABLE told AS
SELECT n.repository_id,
       try_cast(body ->> '$.issue.number' AS BIGINT) AS number,
       (body ->> '$.issue.title') AS title,
       len(list_filter(coalesce(body ->> '$.issue.labels[*].name', []), lambda label: regexp_matches(lower(label),
           '^(.*[:/] *)?(incident|outage|rollback|hotfix|sev(erity)?[ :_-]?[0-9]+)$'))) > 0 AS incident,
       (body ->> '$.action') IN ('deleted', 'transferred') AS gone,
       try_cast(body ->> '$.issue.created_at' AS TIMESTAMPTZ) AS opened_at,
       CASE WHEN (body ->> '$.issue.state') = 'closed'
           THEN try_cast(body ->> '$.issue.closed_at' AS TIMESTAMPTZ) END AS closed_at,
       list_sort(list_distinct(regexp_extract_all(
           lower(concat_ws(' ', body ->> '$.issue.title', body ->> '$.issue.body')),
           '#\d+|/pull/\d+|[\w.+-]*\d([\w.+-]*\w)?'))) AS named,
       try_cast(body ->> '$.issue.updated_at' AS TIMESTAMPTZ) AS told_at,
       source AS event_source, event_id
FROM window_event JOIN repository_name n USING (repository)
WHERE source = 'github' AND type = 'issues' AND try_cast(body ->> '$.issue.number' AS BIGINT) IS NOT NULL
  AND try_cast(body ->> '$.issue.updated_at' AS TIMESTAMPTZ) IS NOT NULL
  -- Some deliveries, as that an issue was pinned, may leave out what the issue is like.
  AND ((body ->> '$.issue.state') IS NOT NULL OR (body ->> '$.action') IN ('deleted', 'transferred'));

CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT repository_id, number FROM told;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT * REPLACE (bool_or(coalesce(gone, false)) OVER (PARTITION BY repository_id, number) AS gone)
FROM (FROM silver.github_issue SEMI JOIN affected USING (repository_id, number) UNION ALL BY NAME FROM told)
QUALIFY row_number() OVER (PARTITION BY repository_id, number ORDER BY told_at DESC, event_id DESC) = 1;
