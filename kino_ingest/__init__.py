"""Event in, landed, folded: the HTTP doors, one module a source, the landing log, the worker and the backfill.

Nothing here knows the API, the pages or the lake; what they need is in PostgreSQL when a function returns.
"""
