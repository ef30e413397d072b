-- What to run so that every column that names an agent names it by its new id.
SELECT format('UPDATE kino.%I SET %I = %%(new)s WHERE %I = %%(old)s', c.relname, a.attname, a.attname) AS statement
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE n.nspname = 'kino' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT a.attisdropped
  AND a.atttypid = CAST('uuid' AS regtype) AND a.attname IN ('agent_id', 'parent_agent_id')
ORDER BY 1
