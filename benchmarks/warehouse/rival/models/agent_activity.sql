{{ config(incremental_strategy='append') }}
-- What agents reported, a row an event; the log is append-only, so is this.
select id, project_id::uuid as project_id, type as event_type, occurred_at,
       body ->> '$.task_id' as task_id, body ->> '$.agent_id' as agent, body ->> '$.agent_type' as agent_type,
       try_cast(body ->> '$.data.passed' as bigint) as passed, try_cast(body ->> '$.data.failed' as bigint) as failed,
       event_id
from {{ source('bronze', 'event') }}
where source = 'agent' and project_id is not null
{% if is_incremental() %} and id > (select coalesce(max(id), 0) from {{ this }}) {% endif %}
