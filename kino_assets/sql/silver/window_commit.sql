-- What this window tells of commits, by git histories and by pushes to the default branch, a row a telling.
CREATE OR REPLACE MACRO reviewable(path) AS NOT regexp_matches(path,
    '(?i)(^|/)(package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum|bun\.lockb|[^/]+\.lock)$'
    '|(^|/)(vendor|vendored|node_modules|third_party|dist|__generated__|generated)/'
    '|(\.min\.(js|css)|\.map|\.snap|_pb2(_grpc)?\.pyi?|\.pb\.(go|cc|h)|\.g\.dart|\.generated\.[a-z]+)$');

CREATE OR REPLACE TEMP TABLE window_commit AS
WITH git AS (
    SELECT repository, event_id, json_transform(body, '{
        "sha": "VARCHAR", "parents": ["VARCHAR"], "subject": "VARCHAR",
        "author": {"name": "VARCHAR", "email": "VARCHAR", "date": "VARCHAR"}, "committer": {"date": "VARCHAR"},
        "trailers": [{"key": "VARCHAR", "value": "VARCHAR"}],
        "co_authors": [{"name": "VARCHAR", "email": "VARCHAR"}],
        "files": [{"path": "VARCHAR", "added": "BIGINT", "deleted": "BIGINT"}]}') AS c
    FROM window_event WHERE source = 'git' AND type = 'commit'
),
push AS (
    SELECT repository, event_id, unnest(json_transform(body -> '$.commits', '[{
        "id": "VARCHAR", "message": "VARCHAR", "timestamp": "VARCHAR",
        "author": {"name": "VARCHAR", "email": "VARCHAR"}}]')) AS c
    FROM window_event
    WHERE source = 'github' AND type = 'push'
      AND (body ->> '$.ref') = 'refs/heads/' || (body ->> '$.repository.default_branch')
),
told AS (
    SELECT repository, c.sha AS sha, c.parents AS parents, len(c.parents) AS parent_count, c.subject AS subject,
           c.author.name AS author_name, c.author.email AS author_email,
           try_cast(c.author.date AS TIMESTAMPTZ) AS authored_at,
           try_cast(c.committer.date AS TIMESTAMPTZ) AS committed_at,
           c.co_authors AS co_authors,
           len(list_filter(c.trailers, lambda t: lower(t.key) = 'made-with' AND lower(t.value) LIKE 'cursor%')) > 0
               AS made_with_cursor,
           coalesce(list_sum([f.added FOR f IN c.files]), 0)::BIGINT AS lines_added,
           coalesce(list_sum([f.deleted FOR f IN c.files]), 0)::BIGINT AS lines_deleted,
           coalesce(list_sum([f.added + f.deleted FOR f IN c.files IF reviewable(f.path)]), 0)::BIGINT AS size_lines,
           'git' AS event_source, event_id
    FROM git
    UNION ALL
    -- GitHub names neither parents nor line counts: a merge shows in its subject, the counts stay missing.
    SELECT repository, c.id, NULL,
           CASE WHEN regexp_matches(c.message, '^Merge (pull request|branch|remote-tracking branch) ') THEN 2 ELSE 1 END,
           split_part(c.message, E'\n', 1), c.author.name, c.author.email,
           try_cast(c.timestamp AS TIMESTAMPTZ), try_cast(c.timestamp AS TIMESTAMPTZ),
           list_transform(
               regexp_extract_all(c.message, '(?im)^co-authored-by:[^<\n]*<[^>\n]*>'),
               lambda line: {'name': trim(regexp_extract(line, '(?i)^co-authored-by:([^<]*)<', 1)),
                             'email': trim(regexp_extract(line, '<([^>]*)>', 1))}),
           regexp_matches(c.message, '(?im)^made-with:\s*cursor'), NULL, NULL, NULL, 'github', event_id
    FROM push
)
SELECT n.repository_id, told.* EXCLUDE (repository)
FROM told JOIN repository_name n USING (repository)
-- Without a hash or a time there is nothing to count, and an author has always a name, if only an empty one.
WHERE sha IS NOT NULL AND committed_at IS NOT NULL AND author_name IS NOT NULL AND author_email IS NOT NULL;
