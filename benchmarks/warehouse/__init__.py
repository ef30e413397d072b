"""The warehouse side by side with dlt and dbt-duckdb: same events, same tables, same numbers."""
