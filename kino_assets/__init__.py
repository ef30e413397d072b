"""The Dagster code location: landed events become bronze, silver and gold tables of the lake.

The decisions live in `sql/`; Python reads windows of the log, runs the files in order and commits once.
"""
