{{ config(incremental_strategy='delete+insert', unique_key=['project_id', 'task_id']) }}
-- Tasks: begun by their first task_started, ended by their last task_completed; those of new events are made anew.
with told as (
    select * from {{ ref('agent_activity') }} where event_type in ('task_started', 'task_completed')
)
select project_id, task_id,
       min(occurred_at) filter (event_type = 'task_started') as started_at,
       max(occurred_at) filter (event_type = 'task_completed') as completed_at,
       arg_max(agent, (occurred_at, event_id)) as agent, arg_max(agent_type, (occurred_at, event_id)) as agent_type,
       max(id) as id
from told
{% if is_incremental() %}
semi join (select distinct project_id, task_id from told where id > (select coalesce(max(id), 0) from {{ this }}))
    using (project_id, task_id)
{% endif %}
group by project_id, task_id
