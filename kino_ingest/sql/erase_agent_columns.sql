-- What to run so that every column that names an agent names it by its new id. Who worked on which project is counted
-- from the others, by triggers: the old id only has to go from there.
SELECT CASE WHEN c.relname IN ('project_agent', 'reporting_agent')
        THEN format('DELETE FROM kino.%I WHERE %I = %%(old)s', c.relname, a.attname)
        ELSE format('UPDATE kino.%I SET %I = %%(new)s WHERE %I = %%(old)s', c.relname, a.attname, a.attname)
    END AS statement
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE n.nspname = 'kino' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT a.attisdropped
  AND a.atttypid = CAST('uuid' AS regtype) AND a.attname IN ('agent_id', 'parent_agent_id')
ORDER BY c.relname
