{{ config(incremental_strategy='delete+insert', unique_key=['metric', 'scope_type', 'scope_id', 'month']) }}
-- Values of months, from those of their days.
with day as (select *, date_trunc('month', day)::date as month from {{ ref('day') }})
select metric, scope_type, scope_id, month,
       case when count(denominator) > 0 then sum(numerator) / nullif(sum(denominator), 0) else sum(numerator) end as value,
       sum(numerator) as numerator, sum(denominator) as denominator, sum(n)::bigint as n, max(id) as id
from day
{% if is_incremental() %}
semi join (
    select distinct metric, scope_type, scope_id, month from day where id > (select coalesce(max(id), 0) from {{ this }})
) using (metric, scope_type, scope_id, month)
{% endif %}
group by metric, scope_type, scope_id, month
