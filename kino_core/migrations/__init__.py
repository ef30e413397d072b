"""Alembic's revisions of the schemas `landing` and `kino`."""
