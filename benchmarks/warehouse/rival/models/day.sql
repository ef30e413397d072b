{{ config(incremental_strategy='delete+insert', unique_key=['metric', 'scope_type', 'scope_id', 'day']) }}
-- Values of days: those that new rows fall on are computed anew.
select metric, scope_type, scope_id, day,
       case when count(denominator) > 0 then sum(numerator) / nullif(sum(denominator), 0) else sum(numerator) end as value,
       sum(numerator) as numerator, sum(denominator) as denominator, count(numerator) as n, max(id) as id
from {{ ref('measurement') }}
{% if is_incremental() %}
semi join (
    select distinct metric, scope_type, scope_id, day from {{ ref('measurement') }}
    where id > (select coalesce(max(id), 0) from {{ this }})
) using (metric, scope_type, scope_id, day)
{% endif %}
group by metric, scope_type, scope_id, day
