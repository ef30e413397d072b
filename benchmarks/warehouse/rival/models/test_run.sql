{{ config(incremental_strategy='append') }}
select id, project_id, occurred_at, agent, agent_type, passed, failed, event_id
from {{ ref('agent_activity') }}
where event_type = 'test_execution'
{% if is_incremental() %} and id > (select coalesce(max(id), 0) from {{ this }}) {% endif %}
