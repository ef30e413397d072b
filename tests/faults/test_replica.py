"""A streaming replica: what is read there, what is not, and how it stands in while the server is away."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from kino_api.users import ProjectRole, Role
from kino_core import replica as module
from kino_core.database import Database, DatabaseUnavailable, query
from kino_core.replica import ReplicatedDatabase
from kino_core.settings import Settings
from tests.faults.proxy import FaultProxy, Kind, Mode
from tests.faults.replicas import ReplicaServer
from tests.faults.servers import PostgresServer, until
from tests.kino_api.conftest import (
    Kino,
    administrator,
    api_settings,
    password_hash,
    signing_key_file,
    start,
)

__all__ = ["administrator", "api_settings", "password_hash", "signing_key_file", "start"]

ON_REPLICA = "SELECT pg_is_in_recovery() AS here"


@pytest.fixture(scope="session")
def _replica(_postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaServer]:
    server = ReplicaServer(_postgres, tmp_path_factory.mktemp("fault-replica"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def replica(postgres: PostgresServer, _replica: ReplicaServer, database_url: str) -> Iterator[ReplicaServer]:
    """A replica that has all of the test's database."""
    _replica.follow()
    yield _replica
    _replica.thaw()
    _replica.start()
    postgres.thaw()
    postgres.start()
    _replica.resume()


@pytest.fixture
def both(replica: ReplicaServer, database_url: str) -> Iterator[ReplicatedDatabase]:
    opened = ReplicatedDatabase(database_url, replica.address(database_url), pool_max=3)
    until(lambda: opened.standing.copy_serves, "the replica is not read from")
    yield opened
    opened.close()


def copy_is_used(database: ReplicatedDatabase) -> bool:
    with database.read_copy() as session:
        return bool(query(session, ON_REPLICA)[0].here)


def reads(database: ReplicatedDatabase) -> str:
    try:
        with database.read() as session:
            return "replica" if query(session, ON_REPLICA)[0].here else "primary"
    except DatabaseUnavailable:
        return "nothing"


def test_lists_are_read_there_and_all_else_is_not(both: ReplicatedDatabase) -> None:
    assert copy_is_used(both)
    assert reads(both) == "primary"
    with both.write() as session:
        assert not query(session, ON_REPLICA)[0].here


def test_one_that_falls_behind_is_left_until_it_has_caught_up(
    both: ReplicatedDatabase, replica: ReplicaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LAG_SECONDS", 1.5)
    replica.pause()
    with both.write() as session:
        session.exec_driver_sql("CREATE TABLE kino.later ()")
    until(lambda: not copy_is_used(both), "it is read from although it is behind")
    lag = both.standing.lag_seconds
    assert lag is not None
    assert lag > 1.5
    replica.resume()
    until(lambda: copy_is_used(both), "it is not read from again")
    with both.read_copy() as session:
        assert query(session, "SELECT to_regclass('kino.later') IS NOT NULL AS here")[0].here


def test_one_that_is_gone_costs_nothing(both: ReplicatedDatabase, replica: ReplicaServer) -> None:
    replica.kill()
    assert [copy_is_used(both) for _ in range(3)] == [False] * 3
    replica.start()
    until(lambda: copy_is_used(both), "it is not read from again")


def test_another_server_is_no_replica(database_url: str, postgres: PostgresServer) -> None:
    opened = ReplicatedDatabase(database_url, database_url, pool_max=1)
    until(lambda: opened.standing.lag_seconds is None and not opened.standing.replica_answers, "it counts as one")
    assert not copy_is_used(opened)
    opened.close()


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_it_stands_in_while_the_server_is_away(both: ReplicatedDatabase, postgres: PostgresServer, how: str) -> None:
    getattr(postgres, how)()
    # Who is under way when the server freezes waits for it; whoever comes once that is known does not.
    until(lambda: how == "stop" or not both.standing.primary_answers, "nobody notices")
    assert reads(both) == "replica"
    with pytest.raises(DatabaseUnavailable), both.write():
        pass
    postgres.thaw()
    postgres.start()
    until(lambda: reads(both) == "primary", "the server is not read from again")
    with both.write() as session:
        assert query(session, "SELECT 1 AS one")


def test_both_away_is_said_and_gets_over(
    both: ReplicatedDatabase, postgres: PostgresServer, replica: ReplicaServer
) -> None:
    postgres.stop()
    replica.kill()
    assert reads(both) == "nothing"
    postgres.start()
    replica.start()
    until(lambda: reads(both) == "primary" and copy_is_used(both), "they are not used again")


def test_a_replica_that_hangs_is_left_alone(
    replica: ReplicaServer, database_url: str, postgres: PostgresServer
) -> None:
    address = replica.address(database_url)
    with FaultProxy("127.0.0.1", httpx.URL(address).port or 0) as proxy:
        opened = ReplicatedDatabase(database_url, proxy.address(address), pool_max=2)
        until(lambda: opened.standing.copy_serves, "it is not read from")
        proxy.set(Mode(Kind.HANG))
        until(lambda: not opened.standing.replica_answers, "nobody notices")
        assert not copy_is_used(opened)
        proxy.set(Mode())
        opened.close()


@pytest.fixture
def kino(
    start: Callable[[Settings], Kino],
    api_settings: Settings,
    replica: ReplicaServer,
    database_url: str,
    administrator: None,
) -> Kino:
    """A running API that knows of the replica."""
    replica.follow()
    address = type(api_settings.own_database_url)(replica.address(database_url))
    made = start(api_settings.model_copy(update={"database_replica_url": address}))
    until(lambda: made.app.state.resources.database.standing.copy_serves, "the replica is not read from")
    return made


def test_pages_and_api_show_what_the_replica_has_and_say_how_old_it_is(
    kino: Kino, postgres: PostgresServer, replica: ReplicaServer, tmp_path: Path
) -> None:
    client = kino.signed_in()
    made = client.post("/api/v1/projects", json={"name": "Checkout"}).json()
    # One's own change is there at once, whatever the replica has.
    assert [each["id"] for each in client.get("/api/v1/projects").json()["items"]] == [made["id"]]
    replica.follow()
    postgres.stop()
    shown = client.get(f"/api/v1/projects/{made['id']}")
    assert (shown.status_code, shown.json()["name"]) == (200, "Checkout")
    assert int(shown.headers["kino-stale"]) >= 0
    assert client.get("/api/v1/projects").json()["items"][0]["id"] == made["id"]
    refused = client.patch(f"/api/v1/projects/{made['id']}", json={"name": "Basket"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "DATABASE_UNAVAILABLE")
    assert refused.headers["retry-after"]
    details = client.get("/health/details").json()
    states = {each["name"]: each["state"] for each in details["capabilities"]}
    assert (states["postgres"], states["replica"]) == ("down", "degraded")
    assert details["replica_lag_seconds"] >= 0
    postgres.start()
    until(
        lambda: client.patch(f"/api/v1/projects/{made['id']}", json={"name": "Basket"}).status_code == 200,
        "nothing can be changed again",
    )
    again = client.get(f"/api/v1/projects/{made['id']}")
    assert (again.json()["name"], "kino-stale" in again.headers) == ("Basket", False)


def test_own_changes_are_seen_at_once_and_rights_end_at_once_while_it_lags(
    kino: Kino, replica: ReplicaServer, database: Database
) -> None:
    client = kino.signed_in()
    ours = client.post("/api/v1/projects", json={"name": "Ours"}).json()["id"]
    member = kino.signed_in_as(memberships={ours: ProjectRole.MEMBER})
    reader = kino.signed_in_as(Role.MANAGER)
    replica.follow()
    until(lambda: kino.app.state.resources.database.standing.copy_serves, "the replica is not read from")
    replica.pause()
    later = client.post("/api/v1/projects", json={"name": "Later"}).json()["id"]
    with database.write() as session:
        query(session, "DELETE FROM kino.project_member WHERE project_id = :id RETURNING 1", id=uuid.UUID(ours))

    def seen_by(who: httpx.Client) -> set[str]:
        return {each["id"] for each in who.get("/api/v1/projects").json().get("items", [])}

    # Somebody else's list may be a moment old; one's own is not, and who lost a project has lost it.
    assert seen_by(client) == {ours, later}
    assert seen_by(member) == set()
    assert seen_by(reader) in ({ours}, {ours, later})
    replica.resume()
