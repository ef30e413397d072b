-- What this window tells of commits, a row a telling: by git histories and by pushes, `on_branch` of those that went to
-- a branch which may become a pull request, else to the default branch.
CREATE OR REPLACE MACRO reviewable(path) AS NOT regexp_matches(path,
    '(?i)(^|/)(package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum|bun\.lockb|[^/]+\.lock)$'
    '|(^|/)(vendor|vendored|node_modules|third_party|dist|__generated__|generated)/'
    '|(\.min\.(js|css)|\.map|\.snap|_pb2(_grpc)?\.pyi?|\.pb\.(go|cc|h)|\.g\.dart|\.generated\.[a-z]+)$');
CREATE OR REPLACE MACRO file_id(path) AS md5_number_lower(path);

CREATE OR REPLACE TEMP TABLE told_commit AS
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
    SELECT repository, event_id,
           (body ->> '$.ref') <> 'refs/heads/' || (body ->> '$.repository.default_branch') AS on_branch,
           unnest(json_transform(body -> '$.commits', '[{
               "id": "VARCHAR", "message": "VARCHAR", "timestamp": "VARCHAR", "distinct": "BOOLEAN",
               "author": {"name": "VARCHAR", "email": "VARCHAR"}}]')) AS c
    FROM window_event
    WHERE source = 'github' AND type = 'push' AND starts_with(body ->> '$.ref', 'refs/heads/')
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
           -- A new file without a line was changed all the same; binary files have no lines to count.
           [{'file': file_id(f.path), 'lines': f.added + f.deleted} FOR f IN c.files
            IF f.path IS NOT NULL AND f.added IS NOT NULL AND f.deleted IS NOT NULL] AS files,
           'git' AS event_source, event_id, false AS on_branch
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
           regexp_matches(c.message, '(?im)^made-with:\s*cursor'), NULL, NULL, NULL, NULL, 'github', event_id, on_branch
    FROM push
    -- A branch that took in the default one names its commits as well; they are not of the branch.
    WHERE NOT (on_branch AND coalesce(NOT c."distinct", false))
)
SELECT n.repository_id, told.* EXCLUDE (repository)
FROM told JOIN repository_name n USING (repository)
-- Without a hash or a time there is nothing to count, and an author has always a name, if only an empty one.
WHERE sha IS NOT NULL AND committed_at IS NOT NULL AND author_name IS NOT NULL AND author_email IS NOT NULL;

CREATE OR REPLACE TEMP TABLE window_commit AS SELECT * EXCLUDE (on_branch) FROM told_commit WHERE NOT on_branch;
CREATE OR REPLACE TEMP TABLE window_branch_commit AS SELECT * EXCLUDE (on_branch) FROM told_commit WHERE on_branch;
