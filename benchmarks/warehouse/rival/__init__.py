"""dlt and dbt-duckdb at the same work, in an environment of their own that knows nothing of Kino."""
