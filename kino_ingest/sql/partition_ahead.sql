-- This month and the next three, where they are missing and nothing lies in the default partition in their place.
SELECT coalesce(sum(kino.ensure_month_partitions('landing.event', month::date, 1)), 0)
     + coalesce(sum(kino.ensure_month_partitions('kino.agent_activity', month::date, 1)), 0)
FROM generate_series(
    date_trunc('month', now() AT TIME ZONE 'UTC'), date_trunc('month', now() AT TIME ZONE 'UTC') + interval '3 months',
    interval '1 month') AS ahead (month)
