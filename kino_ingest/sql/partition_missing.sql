-- The months that have no partition of their own. Locks nothing: nearly always there are none.
SELECT month FROM unnest(%(months)s::date[]) AS asked (month)
WHERE to_regclass('kino.agent_activity_' || to_char(month, 'YYYY_MM')) IS NULL
