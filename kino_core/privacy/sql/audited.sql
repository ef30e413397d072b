-- The tables whose changes the audit copies, and the triggers that do it.
SELECT n.nspname || '.' || c.relname AS full_name, t.tgname AS trigger
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_proc AS p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND p.proname = 'audit_change' AND n.nspname IN ('kino', 'landing')
ORDER BY 1, 2
