-- The months that are about to be written. One that has rows in the default partition waits for partition_move.
SELECT kino.ensure_month_partitions('kino.agent_activity', month, 1)
FROM unnest(%(months)s::date[]) AS asked (month)
WHERE to_regclass('kino.agent_activity_' || to_char(month, 'YYYY_MM')) IS NULL
  AND NOT EXISTS (
    SELECT FROM kino.agent_activity_default
    WHERE occurred_at >= month::timestamp AT TIME ZONE 'UTC'
      AND occurred_at < (month + interval '1 month') AT TIME ZONE 'UTC')
