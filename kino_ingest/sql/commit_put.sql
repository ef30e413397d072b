INSERT INTO kino."commit" AS stored (
    repository_id, sha, author_key, authored_at, committed_at, subject, parents, lines_added, lines_deleted, agent_id)
SELECT * FROM unnest(
    %(repository_id)s::uuid[], %(sha)s::text[], %(author_key)s::text[], %(authored_at)s::timestamptz[],
    %(committed_at)s::timestamptz[], %(subject)s::text[], %(parents)s::integer[], %(lines_added)s::bigint[],
    %(lines_deleted)s::bigint[], %(agent_id)s::uuid[])
ON CONFLICT (repository_id, sha) DO UPDATE SET
    author_key = excluded.author_key, authored_at = excluded.authored_at, committed_at = excluded.committed_at,
    subject = excluded.subject, parents = excluded.parents, lines_added = excluded.lines_added,
    lines_deleted = excluded.lines_deleted, agent_id = excluded.agent_id
-- git's word replaces a push's, which knows no lines; nothing else ever differs under one hash.
WHERE stored.lines_added IS NULL AND excluded.lines_added IS NOT NULL
