"""The schema: migrations run up and down, at once, and say whether the tables are current."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from kino_core import schema
from kino_core.database import Database, DatabaseUnavailable


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
    schema.migrate(empty_url)
    assert _is_current(empty_url)
    schema.migrate(empty_url)
    assert _is_current(empty_url)


def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schema.migrate, [empty_url] * 4))
    assert _is_current(empty_url)


def test_one_step_down_and_up_again(empty_url: str) -> None:
    schema.migrate(empty_url)
    schema.step_down(empty_url)
    assert not _is_current(empty_url)
    schema.migrate(empty_url)
    assert _is_current(empty_url)


def test_reset_leaves_nothing_of_kino(empty_url: str) -> None:
    schema.migrate(empty_url)
    schema.reset(empty_url)
    with psycopg.connect(empty_url) as connection:
        left = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname IN ('kino', 'landing')").fetchall()
    assert left == []


def test_a_server_that_is_away_is_named() -> None:
    with pytest.raises(DatabaseUnavailable):
        schema.migrate("postgresql://kino@127.0.0.1:1/kino")
