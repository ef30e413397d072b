{{ config(incremental_strategy='delete+insert', unique_key=['repository', 'sha']) }}
-- Commits as git and pushes to the default branch tell of them; where both do, git's word holds.
with landed as (
    select * from {{ source('bronze', 'event') }}
    where type in ('commit', 'push')
    {% if is_incremental() %} and id > (select coalesce(max(id), 0) from {{ this }}) {% endif %}
),
git as (
    select id, repository, project_id, event_id, json_transform(body, '{
        "sha": "VARCHAR", "parents": ["VARCHAR"], "subject": "VARCHAR", "committer": {"date": "VARCHAR"},
        "author": {"name": "VARCHAR", "email": "VARCHAR", "date": "VARCHAR"},
        "files": [{"path": "VARCHAR", "added": "BIGINT", "deleted": "BIGINT"}]}') as c
    from landed where source = 'git'
),
push as (
    select id, repository, project_id, event_id, unnest(json_transform(body -> '$.commits', '[{
        "id": "VARCHAR", "message": "VARCHAR", "timestamp": "VARCHAR",
        "author": {"name": "VARCHAR", "email": "VARCHAR"}}]')) as c
    from landed
    where source = 'github' and (body ->> '$.ref') = 'refs/heads/' || (body ->> '$.repository.default_branch')
),
told as (
    select id, repository, project_id::uuid as project_id, c.sha as sha, c.parents as parents, c.subject as subject,
           c.author.name as author_name, c.author.email as author_email,
           try_cast(c.author.date as timestamptz) as authored_at, try_cast(c.committer.date as timestamptz) as committed_at,
           coalesce(list_sum([f.added for f in c.files]), 0)::bigint as lines_added,
           coalesce(list_sum([f.deleted for f in c.files]), 0)::bigint as lines_deleted,
           'git' as told_by, event_id
    from git
    union all
    select id, repository, project_id::uuid, c.id, null, split_part(c.message, e'\n', 1), c.author.name, c.author.email,
           try_cast(c.timestamp as timestamptz), try_cast(c.timestamp as timestamptz), null, null, 'github', event_id
    from push
    {% if is_incremental() %}
    union all by name
    select * from {{ this }} semi join (
        select repository, c.sha as sha from git union select repository, c.id from push) using (repository, sha)
    {% endif %}
)
select distinct on (repository, sha) * replace (max(id) over (partition by repository, sha) as id)
from told
order by repository, sha, told_by = 'git' desc, event_id
