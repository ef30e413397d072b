-- The audit's months that ended more than a year ago: `audit_2026_01`, or `audit_2026_01_to_2026_03` for a partition
-- that had to take several.
SELECT inhrelid::regclass::text AS name,
    to_date(substr(relname, 7, 7), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC' AS starts,
    (to_date(right(relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' AS ends
FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'kino.audit'::regclass AND relname ~ '^audit_\d{4}_\d{2}(_to_\d{4}_\d{2})?$'
  AND (to_date(right(relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= now() - interval '1 year'
ORDER BY starts
