"""The schema: migrations run up and down, at once, and say whether the tables are current."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy.engine import make_url

from kino_core import schema, schema_changes
from kino_core.database import Database, DatabaseUnavailable, libpq_url
from kino_core.tables import metadata


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    name = f"empty_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _is_current(url: str) -> bool:
    database = Database(url)
    try:
        with database.read() as session:
            return schema.is_current(session)
    finally:
        database.close()


def test_migrating_brings_an_empty_database_up_to_date_and_repeats_without_effect(empty_url: str) -> None:
    assert not _is_current(empty_url)
    schema_changes.migrate(empty_url)
    assert _is_current(empty_url)
    schema_changes.migrate(empty_url)
    assert _is_current(empty_url)


def test_the_newest_revision_is_the_last_of_the_migrations() -> None:
    assert schema.newest_revision() == ScriptDirectory(str(schema.MIGRATIONS)).get_current_head()


def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schema_changes.migrate, [empty_url] * 4))
    assert _is_current(empty_url)


def test_one_step_down_and_up_again(empty_url: str) -> None:
    schema_changes.migrate(empty_url)
    schema_changes.step_down(empty_url)
    assert not _is_current(empty_url)
    schema_changes.migrate(empty_url)
    assert _is_current(empty_url)


def _step_down_to(url: str, revision: str) -> None:
    database = Database(url)
    try:
        while True:
            with database.read() as session:
                if schema.revision(session) == revision:
                    return
            schema_changes.step_down(url)
    finally:
        database.close()


def test_the_tables_are_what_the_code_says_they_are(database: Database) -> None:
    declared = {
        (table.schema, table.name, column.name, bool(column.nullable))
        for table in metadata.tables.values()
        for column in table.columns
    }
    with database.read() as session:
        found = session.exec_driver_sql("""
            SELECT nspname, relname, attname, NOT attnotnull
            FROM pg_attribute
            JOIN pg_class ON pg_class.oid = attrelid AND relkind IN ('r', 'p') AND NOT relispartition
            JOIN pg_namespace ON pg_namespace.oid = relnamespace AND nspname IN ('kino', 'landing')
            WHERE attnum > 0 AND NOT attisdropped AND relname <> 'schema_version'
        """)
        assert {tuple(row) for row in found} == declared


def test_letters_that_are_there_already_are_no_new_failures(empty_url: str) -> None:
    schema_changes.migrate(empty_url)
    _step_down_to(empty_url, "0002")
    with psycopg.connect(libpq_url(empty_url)) as connection:
        connection.execute("""
            INSERT INTO landing.dead_letter (event_row, received_at, source, event_id, error, stack, attempts)
            VALUES (1, now() - interval '3 days', 'agent', 'a', 'no', 'stack', 5)
        """)
    schema_changes.migrate(empty_url)
    with psycopg.connect(libpq_url(empty_url)) as connection:
        assert connection.execute("SELECT failed_at = received_at FROM landing.dead_letter").fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ("", False),
        ("UPDATE landing.fold_cursor SET low = (pg_current_xact_id()::text::bigint + 1000000)::text::xid8", True),
        (
            "INSERT INTO landing.event (xid, source, event_id, type, occurred_at, body, raw) VALUES"
            " ((pg_current_xact_id()::text::bigint + 1000000)::text::xid8, 'agent', 'a', 'x', now(), '{}', '')",
            True,
        ),
    ],
    ids=["folded here", "folded elsewhere", "landed elsewhere"],
)
def test_a_log_whose_ids_are_ahead_is_not_taken_for_this_servers(empty_url: str, change: str, moved: bool) -> None:
    schema_changes.migrate(empty_url)
    _step_down_to(empty_url, "0003")
    with psycopg.connect(libpq_url(empty_url)) as connection:
        connection.execute(change or "SELECT 1")
    schema_changes.migrate(empty_url)
    with psycopg.connect(libpq_url(empty_url)) as connection:
        assert connection.execute("SELECT moved, stamping FROM landing.fold_order").fetchall() == [(moved, False)]
        named = connection.execute("SELECT system_identifier IS NOT NULL FROM landing.fold_cursor").fetchall()
        assert named == [(not moved,)]


def test_reset_leaves_nothing_of_kino(empty_url: str) -> None:
    schema_changes.migrate(empty_url)
    schema_changes.reset(empty_url)
    with psycopg.connect(empty_url) as connection:
        left = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname IN ('kino', 'landing')").fetchall()
    assert left == []


def test_a_server_that_is_away_is_named() -> None:
    with pytest.raises(DatabaseUnavailable):
        schema_changes.migrate("postgresql://kino@127.0.0.1:1/kino")
