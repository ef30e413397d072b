-- The quarters of an hour in which this window's events came in, counted anew. A repository's events are where it is
-- connected now.
CREATE OR REPLACE TEMP TABLE affected AS
SELECT DISTINCT CASE WHEN e.repository IS NULL THEN e.project_id ELSE n.repository_id END AS place, e.source,
       time_bucket(INTERVAL 15 MINUTE, e.received_at) AS since
FROM window_event e LEFT JOIN repository_name n USING (repository)
WHERE place IS NOT NULL;

CREATE OR REPLACE TEMP TABLE fresh AS
SELECT CASE WHEN e.repository IS NULL THEN e.project_id ELSE n.repository_id END AS place, e.source,
       time_bucket(INTERVAL 15 MINUTE, e.received_at) AS since, n.repository_id,
       CASE WHEN e.repository IS NULL THEN e.project_id END AS project_id, count(*) AS events,
       NULL::UUID AS agent_id, NULL::VARCHAR AS agent_type, e.source AS event_source, min(e.event_id) AS event_id
FROM bronze.event e LEFT JOIN repository_name n USING (repository)
WHERE e.received_at >= (SELECT min(since) FROM affected)
  AND e.received_at < (SELECT max(since) + INTERVAL 15 MINUTE FROM affected)
GROUP BY ALL
HAVING (place, e.source, since) IN (SELECT (place, source, since) FROM affected);
