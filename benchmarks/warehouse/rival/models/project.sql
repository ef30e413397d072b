{{ config(materialized='table') }}
-- Projects by their latest word, and the zone in which their days begin.
select arg_max(body ->> '$.time_zone', (occurred_at, event_id)) as time_zone,
       (body ->> '$.project_id')::uuid as project_id
from {{ source('bronze', 'event') }}
where source = 'kino' and type in ('project_created', 'project_changed')
group by all
