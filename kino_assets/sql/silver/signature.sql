-- Names and addresses in this window that the identity table does not hold yet.
SELECT DISTINCT name, email, login
FROM (
    SELECT author_name AS name, author_email AS email, NULL::VARCHAR AS login FROM window_commit
    UNION ALL
    SELECT c.name, c.email, NULL FROM (SELECT unnest(co_authors) AS c FROM window_commit)
    UNION ALL
    SELECT NULL, NULL, unnest([body ->> '$.pull_request.user.login', body ->> '$.requested_reviewer.login'])
    FROM window_event WHERE source = 'github' AND type = 'pull_request'
) s
WHERE (email IS NOT NULL OR login IS NOT NULL)
  AND NOT EXISTS (
    FROM silver.identity i
    WHERE i.name IS NOT DISTINCT FROM s.name AND i.email IS NOT DISTINCT FROM s.email
      AND i.login IS NOT DISTINCT FROM s.login);
