-- This month and the next three of the audit; its strays cannot be moved, see the function.
SELECT kino.keep_audit_partitions((now() AT TIME ZONE 'UTC')::date, 4)
