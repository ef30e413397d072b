-- Who those who sign in are in the histories: as somebody said last, or the pseudonym once they were erased.
CREATE OR REPLACE TEMP TABLE told AS
SELECT try_cast((body ->> '$.user_id') AS UUID) AS user_id,
       CASE WHEN type = 'user_changed' THEN try_cast((body ->> '$.person_id') AS UUID) END AS person_id,
       CASE WHEN type = 'user_changed' THEN occurred_at END AS told_at, event_id AS told_id,
       CASE WHEN type = 'person_erased' THEN try_cast((body ->> '$.person_id') AS UUID) END AS pseudonym_id
FROM window_event
WHERE source = 'kino' AND type IN ('user_changed', 'person_erased')
  AND try_cast((body ->> '$.user_id') AS UUID) IS NOT NULL;

CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT user_id FROM told;
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT * REPLACE (max(pseudonym_id) OVER (PARTITION BY user_id) AS pseudonym_id)
FROM (FROM silver.account SEMI JOIN affected USING (user_id) UNION ALL BY NAME FROM told)
QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY told_at DESC NULLS LAST, told_id DESC) = 1;
