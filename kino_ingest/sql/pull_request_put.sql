INSERT INTO kino.pull_request (
    repository_id, number, title, author_key, state, branch, opened_at, ready_at, merged_at, closed_at, merge_sha,
    lines_added, lines_deleted, told_by, told_at, told_id)
SELECT * FROM unnest(
    %(repository_id)s::uuid[], %(number)s::integer[], %(title)s::text[], %(author_key)s::text[], %(state)s::text[],
    %(branch)s::text[], %(opened_at)s::timestamptz[], %(ready_at)s::timestamptz[], %(merged_at)s::timestamptz[],
    %(closed_at)s::timestamptz[], %(merge_sha)s::text[], %(lines_added)s::bigint[], %(lines_deleted)s::bigint[],
    %(told_by)s::text[], %(told_at)s::timestamptz[], %(told_id)s::text[])
ON CONFLICT (repository_id, number) DO UPDATE SET
    title = excluded.title, author_key = excluded.author_key, state = excluded.state, branch = excluded.branch,
    opened_at = excluded.opened_at, ready_at = excluded.ready_at, merged_at = excluded.merged_at,
    closed_at = excluded.closed_at, merge_sha = excluded.merge_sha, lines_added = excluded.lines_added,
    lines_deleted = excluded.lines_deleted, told_by = excluded.told_by, told_at = excluded.told_at,
    told_id = excluded.told_id
