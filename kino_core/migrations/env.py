"""How Alembic reaches the database: on the connection that `kino_core.schema` hands over."""

from alembic import context

from kino_core.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="schema_version",
    version_table_schema="kino",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
