"""The watch: counts by the minute and by who it was, whatever comes, and never in a request's way."""

import uuid
from collections.abc import Iterator

import pytest

from kino_core.database import Database
from kino_core.watch import MOST_A_MINUTE, RULES, Suspicion, Watch


@pytest.fixture
def watch(database_url: str) -> Iterator[Watch]:
    """A watch whose thread does not run: tests say when it writes."""
    opened = Watch(database_url)
    yield opened
    opened.close()


def rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    with database.read() as session:
        return [tuple(row) for row in session.exec_driver_sql(sql)]


def total(database: Database) -> object:
    return rows(database, "SELECT coalesce(sum(count), 0)::int FROM kino.security_event")[0][0]


def test_what_comes_again_within_the_minute_is_one_row_that_counts(watch: Watch, database: Database) -> None:
    user_id = uuid.uuid4()
    for _ in range(3):
        watch.note(Suspicion.CROSS_SITE, address="192.0.2.7", user_id=user_id, route="/api/v1/projects")
    watch.flush()
    watch.note(Suspicion.CROSS_SITE, address="192.0.2.7", user_id=user_id, route="/api/v1/projects")
    watch.flush()
    watch.flush()
    found = rows(database, "SELECT kind, severity, address, user_id, route, sum(count)::int FROM kino.security_event"
                           " GROUP BY 1, 2, 3, 4, 5")  # fmt: skip
    assert found == [("cross_site", "medium", "192.0.2.7", user_id, "/api/v1/projects", 4)]


def test_anybody_may_be_refused_now_and_then(watch: Watch, database: Database) -> None:
    few = RULES[Suspicion.REFUSED].from_count
    # Beyond a minute's end the count begins anew: twice as many are enough in any case.
    for _ in range(few // 2 - 1):
        watch.note(Suspicion.REFUSED, address="192.0.2.7")
    watch.flush()
    assert total(database) == 0
    for _ in range(2 * few):
        watch.note(Suspicion.REFUSED, address="192.0.2.7")
    watch.flush()
    assert rows(database, "SELECT DISTINCT kind FROM kino.security_event") == [("refused",)]


def test_a_flood_from_many_addresses_fills_neither_memory_nor_disk(watch: Watch, database: Database) -> None:
    for number in range(3 * MOST_A_MINUTE):
        watch.note(Suspicion.INJECTION, address=f"10.0.{number // 250}.{number % 250}")
    watch.flush()
    assert total(database) == 3 * MOST_A_MINUTE, "none is lost"
    # Two minutes' worth where one ended in between.
    [(written,)] = rows(database, "SELECT count(*)::int FROM kino.security_event")
    assert isinstance(written, int)
    assert written <= 2 * (MOST_A_MINUTE + len(Suspicion))


def test_somebody_with_ipv6_is_one_network_and_nonsense_is_nobody(watch: Watch, database: Database) -> None:
    watch.note(Suspicion.BAD_SIGNATURE, address="2001:db8::1")
    watch.note(Suspicion.BAD_SIGNATURE, address="2001:db8::2")
    watch.note(Suspicion.BAD_SIGNATURE, address="testclient\nforged")
    watch.flush()
    found = rows(database, "SELECT address, sum(count)::int FROM kino.security_event GROUP BY 1 ORDER BY 1")
    assert found == [("2001:db8::/64", 2), (None, 1)]


def test_a_tokens_first_address_is_remembered_and_the_next_one_is_news(
    watch: Watch, database_url: str, database: Database
) -> None:
    token_id = uuid.uuid4()
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        watch.token_used(token_id, address)
        watch.flush()
    # Another process, which has seen nothing yet.
    other = Watch(database_url)
    other.token_used(token_id, "192.0.2.1")
    other.close()
    found = rows(database, "SELECT address, severity FROM kino.security_event ORDER BY address")
    assert found == [("192.0.2.1", "info"), ("192.0.2.2", "medium")]


def test_details_hold_no_secret(watch: Watch, database: Database) -> None:
    watch.note(
        Suspicion.INJECTION, details={"pattern": "kino_prod_0123456789abcdefghijABCDEFGHIJ01", "long": "x" * 5000}
    )
    watch.flush()
    [(details,)] = rows(database, "SELECT details::text FROM kino.security_event")
    assert "0123456789" not in str(details)
    assert len(str(details)) < 500


def test_without_postgres_nothing_fails_and_nothing_is_lost(database_url: str, database: Database) -> None:
    watch = Watch(database_url.replace(database_url.rpartition("/")[2], "nowhere"))
    watch.note(Suspicion.CROSS_SITE)
    watch.flush()
    watch._database = Database(database_url, pool_max=1)
    watch.close()
    assert total(database) == 1
