"""What every part of Kino agrees on: settings, tables, events, identities, metrics, the reader of gold.

Imports no sibling package, no FastAPI and no Dagster.
"""
