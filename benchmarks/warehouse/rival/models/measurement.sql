{{ config(materialized='view') }}
-- Every measurement once in each scope that it counts in, on its day there.
with measured as (
    select m.metric, id, project_id, repository, null as agent_type, committed_at as occurred_at,
           case m.metric when 'commits' then 1 else lines_added end::double as numerator, null::double as denominator
    from {{ ref('commit') }}, (values ('commits'), ('lines_added')) as m(metric)
    union all
    select 'agent_activities', id, project_id, null, agent_type, occurred_at, 1, null from {{ ref('agent_activity') }}
    union all
    select 'tasks_started', id, project_id, null, agent_type, started_at, 1, null
    from {{ ref('task') }} where started_at is not null
    union all
    select 'tasks_completed', id, project_id, null, agent_type, completed_at, 1, null
    from {{ ref('task') }} where completed_at is not null
    union all
    select 'test_pass_rate', id, project_id, null, agent_type, occurred_at, passed, passed + failed
    from {{ ref('test_run') }}
),
scoped as (
    select measured.*, scope_type,
           case scope_type when 'portfolio' then 'all' when 'project' then project_id::varchar
               when 'repository' then repository else agent_type end as scope_id,
           case when scope_type in ('project', 'repository') then time_zone else 'UTC' end as zone
    from measured join {{ ref('project') }} using (project_id),
        (values ('portfolio'), ('project'), ('repository'), ('agent_type')) as s(scope_type)
)
select metric, id, scope_type, scope_id, timezone(zone, occurred_at)::date as day, numerator, denominator
from scoped
where scope_id is not null
