-- Tables of the lake that ever held a row, by what DuckLake's catalog counts: it never counts down.
SELECT s.schema_name || '.' || t.table_name
FROM lake.ducklake_table t
JOIN lake.ducklake_schema s ON s.schema_id = t.schema_id
JOIN lake.ducklake_table_stats c ON c.table_id = t.table_id
WHERE t.end_snapshot IS NULL AND c.record_count > 0
