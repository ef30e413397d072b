"""PostgreSQL stopped, crashed, frozen, slow, cut off and full: senders are told in time, and nothing is lost."""

import contextlib
import hashlib
import hmac
import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from kino_api.app import create_api
from kino_core.database import Database
from kino_core.settings import Settings
from kino_ingest import committer
from kino_ingest.doors import BATCH_PATH, GITHUB_PATH
from kino_ingest.limits import Limits
from tests.faults.proxy import FaultProxy, Kind, Mode
from tests.faults.senders import check_exactly_once, sending
from tests.faults.servers import PostgresServer, until
from tests.kino_api.conftest import serving
from tests.kino_ingest.conftest import Door, make_token
from tests.kino_ingest.events import report_body
from tests.loopback import NO_CERTIFICATES

TOLD_SECONDS = 2.0
BACK_SECONDS = 5.0
Serve = Callable[[Settings], str]


@pytest.fixture
def quick_settings(settings: Settings) -> Settings:
    """Settings without quotas, so that a token may send as fast as it can."""
    return settings.model_copy(update={"rate_limits_on": False})


@pytest.fixture
def door(serve: Serve, quick_settings: Settings, database: Database) -> Iterator[Door]:
    """The agents' door, straight on PostgreSQL."""
    with closing(httpx.Client(verify=NO_CERTIFICATES, timeout=30, limits=httpx.Limits(max_connections=None))) as client:
        yield Door(serve(quick_settings), make_token(database), client)


@pytest.fixture
def cut_off_door(
    serve: Serve, quick_settings: Settings, database: Database, database_url: str, postgres_proxy: FaultProxy
) -> Iterator[Door]:
    """The agents' door, with the proxy between it and PostgreSQL."""
    behind = {"own_database_url": type(quick_settings.own_database_url)(postgres_proxy.address(database_url))}
    with closing(httpx.Client(verify=NO_CERTIFICATES, timeout=30, limits=httpx.Limits(max_connections=None))) as client:
        yield Door(serve(quick_settings.model_copy(update=behind)), make_token(database), client)


def sends_at_once(door: Door, number: int) -> list[tuple[httpx.Response, float]]:
    """Send events at the same time and return each answer with the seconds it took."""

    def send(_: int) -> tuple[httpx.Response, float]:
        began = time.monotonic()
        return door.send(), time.monotonic() - began

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(send, range(number)))


def is_told_in_time(door: Door) -> None:
    """Check that senders are told to come again, twice: before and after what is kept of the token has run out."""
    for _ in range(2):
        told = sends_at_once(door, 5)
        assert {answer.status_code for answer, _ in told} == {503}, [answer.text for answer, _ in told]
        for answer, _ in told:
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["error"]["retryable"] is True
        # The quickest, because on a busy machine the test itself may be kept waiting.
        assert min(seconds for _, seconds in told) < TOLD_SECONDS
        time.sleep(0.3)


def is_back_in_time(door: Door) -> None:
    """Check that the same process takes events again soon after PostgreSQL does."""
    until(lambda: door.send().status_code == 202, "the door did not recover", BACK_SECONDS)


@pytest.mark.parametrize("how", ["stop", "crash", "kill"])
def test_stopped_and_started_again(door: Door, postgres: PostgresServer, database: Database, how: str) -> None:
    assert door.send().status_code == 202
    getattr(postgres, how)()
    is_told_in_time(door)
    postgres.start()
    is_back_in_time(door)


def test_frozen(door: Door, postgres: PostgresServer) -> None:
    assert door.send().status_code == 202
    postgres.freeze()
    is_told_in_time(door)
    postgres.thaw()
    is_back_in_time(door)


@pytest.mark.parametrize(
    "mode", [Mode(Kind.REFUSE), Mode(Kind.HANG), Mode(Kind.SLOW, seconds=8), Mode(Kind.HALF_CLOSE)]
)
def test_cut_off(cut_off_door: Door, postgres_proxy: FaultProxy, mode: Mode) -> None:
    assert cut_off_door.send().status_code == 202
    postgres_proxy.set(mode)
    is_told_in_time(cut_off_door)
    postgres_proxy.set(Mode())
    is_back_in_time(cut_off_door)


def test_githubs_door_tells_in_time_too(serve: Serve, quick_settings: Settings, postgres: PostgresServer) -> None:
    url = serve(quick_settings) + GITHUB_PATH
    body = b'{"repository": {"full_name": "acme/engine"}}'
    assert quick_settings.github_webhook_secret is not None
    key = quick_settings.github_webhook_secret.get_secret_value().encode()
    headers = {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": str(uuid.uuid4()),
        "x-hub-signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest(),
    }
    postgres.freeze()
    seconds = []
    for _ in range(3):
        began = time.monotonic()
        told = httpx.post(url, verify=NO_CERTIFICATES, content=body, headers=headers, timeout=30)
        seconds.append(time.monotonic() - began)
        assert told.status_code == 503
        assert int(told.headers["retry-after"]) > 0
    assert min(seconds) < TOLD_SECONDS
    postgres.thaw()
    until(
        lambda: httpx.post(url, verify=NO_CERTIFICATES, content=body, headers=headers, timeout=30).status_code == 202,
        "it did not recover",
        5,
    )


def test_doors_that_stand_alone_say_in_time_that_they_are_not_ready(door: Door, postgres: PostgresServer) -> None:
    def ready() -> int:
        return door.client.get(f"{door.url}/readyz").status_code

    assert ready() == 200
    postgres.freeze()
    # The answer of a moment ago may be given once more; none may wait for a server that says nothing.
    until(lambda: ready() == 503, "it still says that it is ready", 10)
    assert door.client.get(f"{door.url}/healthz").status_code == 200
    postgres.thaw()
    until(lambda: ready() == 200, "it is never ready again", 10)


def test_the_web_process_says_in_time_that_it_is_not_ready(quick_settings: Settings, postgres: PostgresServer) -> None:
    with serving(create_api(quick_settings)) as url:

        def ready() -> int:
            return httpx.get(f"{url}/readyz", verify=NO_CERTIFICATES, timeout=10).status_code

        assert ready() == 200
        postgres.freeze()
        try:
            # A connection that was good a moment ago waits for a server that says nothing.
            assert ready() == 503
        finally:
            postgres.thaw()
        until(lambda: ready() == 200, "it is never ready again", 10)


def test_away_when_the_doors_open(
    serve: Serve, quick_settings: Settings, database: Database, postgres: PostgresServer
) -> None:
    token = make_token(database)
    postgres.stop()
    door = Door(serve(quick_settings), token)
    is_told_in_time(door)
    postgres.start()
    is_back_in_time(door)


def test_a_full_queue(door: Door, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer, "MOST_WAITING", 3)
    assert door.send().status_code == 202
    postgres.freeze()
    told = sends_at_once(door, 12)
    assert {answer.status_code for answer, _ in told} == {503}
    codes = [answer.json()["error"]["code"] for answer, _ in told]
    assert "QUEUE_FULL" in codes
    assert all(int(answer.headers["retry-after"]) > 0 for answer, _ in told)
    postgres.thaw()
    is_back_in_time(door)


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_a_batch_is_told_in_time_too(
    serve: Callable[..., str], quick_settings: Settings, database: Database, postgres: PostgresServer, how: str
) -> None:
    door = Door(serve(quick_settings, Limits(batch_chunk_seconds=1.0)), make_token(database))

    def send() -> httpx.Response:
        lines = "\n".join(json.dumps(report_body()) for _ in range(20))
        headers = {"authorization": f"Bearer {door.token}", "content-type": "application/x-ndjson"}
        return door.client.post(door.url + BATCH_PATH, content=lines, headers=headers)

    assert send().status_code == 202
    getattr(postgres, how)()
    # At first the token is still known, and it is the landing itself that has to give up.
    for _ in range(3):
        told = send()
        assert told.status_code == 503
        assert int(told.headers["retry-after"]) > 0
        time.sleep(0.3)
    postgres.thaw()
    postgres.start()
    until(lambda: send().status_code == 202, "the batch door did not recover", BACK_SECONDS)


def test_fifty_tokens_at_once_share_three_connections(
    serve: Serve, quick_settings: Settings, database: Database, database_url: str, postgres_proxy: FaultProxy
) -> None:
    behind = {"own_database_url": type(quick_settings.own_database_url)(postgres_proxy.address(database_url))}
    url = serve(quick_settings.model_copy(update=behind))
    client = httpx.Client(verify=NO_CERTIFICATES, timeout=30, limits=httpx.Limits(max_connections=None))
    doors = [Door(url, make_token(database, uuid.uuid4()), client) for _ in range(50)]
    postgres_proxy.set(Mode(Kind.SLOW, seconds=0.2))
    with ThreadPoolExecutor(50) as pool:
        statuses = [answer.status_code for answer in pool.map(lambda door: door.send(), doors)]
    assert set(statuses) <= {202, 503}
    postgres_proxy.set(Mode())
    for door in doors:
        is_back_in_time(door)
    client.close()


def test_crashes_under_load_lose_and_double_nothing(door: Door, postgres: PostgresServer, database_url: str) -> None:
    with sending(door.address, door.token) as load:
        for how in ("crash", "stop", "kill"):
            enough = load.count + 200
            until(lambda enough=enough: load.count >= enough, "nothing comes in")
            getattr(postgres, how)()
            postgres.start()
        enough = load.count + 50
        until(lambda: load.count >= enough, "nothing comes in after the last start")
    assert set(load.statuses) <= {202, 503}
    check_exactly_once(database_url, load)


def test_connections_reset_during_commit_lose_and_double_nothing(
    cut_off_door: Door, postgres_proxy: FaultProxy, database_url: str
) -> None:
    door = cut_off_door
    with sending(door.address, door.token) as load:
        for answered in (1, 40, 300, 7, 2000, 90) * 4:
            before, enough = postgres_proxy.cuts, load.count + 10
            postgres_proxy.set(Mode(Kind.RESET_AFTER, answered=answered))
            until(lambda before=before: postgres_proxy.cuts > before, "no connection was cut")
            # And once more at whatever point the statement is.
            postgres_proxy.set(Mode(Kind.REFUSE))
            postgres_proxy.set(Mode())
            until(lambda enough=enough: load.count >= enough, "nothing comes in")
    assert postgres_proxy.cuts >= 24
    assert set(load.statuses) <= {202, 503}
    check_exactly_once(database_url, load)


# A disk that is full


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path], None]]:
    """Put a disk of 64 MB under a folder, as far as that is allowed here; it is gone after the test."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mounted: list[Path] = []

    def mount(folder: Path) -> None:
        owner, aside = folder.stat(), folder.with_name(f"{folder.name}.aside")
        folder.rename(aside)
        folder.mkdir(mode=0o700)
        os.chown(folder, owner.st_uid, owner.st_gid)
        options = f"size=64m,mode=700,uid={owner.st_uid},gid={owner.st_gid}"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        mounted.append(folder)
        subprocess.run(["cp", "-a", f"{aside}/.", folder], check=True)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("folder", ["base", "pg_wal"])
def test_a_full_disk(
    serve: Serve, quick_settings: Settings, tmp_path: Path, small_disk: Callable[[Path], None], folder: str
) -> None:
    sizes = {"max_wal_size": "32MB", "min_wal_size": "32MB", "autovacuum": "off", "restart_after_crash": "off"}
    server = PostgresServer(tmp_path / "server", sizes, lambda data: small_disk(data / folder))
    server.start()
    try:
        server.make_database()
        own = {"own_database_url": type(quick_settings.own_database_url)(server.url)}
        with closing(Database(server.url)) as database:
            door = Door(serve(quick_settings.model_copy(update=own)), make_token(database))
        disk = tmp_path / "server" / "postgres" / folder
        with sending(door.address, door.token) as load:
            until(lambda: load.count >= 100, "nothing comes in")
            ballast = disk / "ballast"
            _fill(ballast)
            # Rows go on into what is allocated already; sooner or later it does not do.
            _fill_pages(door, until_full=lambda: load.statuses[503] >= 8)
            assert "No space left on device" in server.log
            assert all(load.told_to_wait)
            ballast.unlink()
            # A server whose own log is full ends; whatever supervises it starts it again.
            server.start()
            enough = load.count + 100
            until(lambda: load.count >= enough, "nothing comes in after there is room again")
        assert set(load.statuses) <= {202, 503}
        check_exactly_once(server.url, load)
    finally:
        server.stop()


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1024 * 1024))


def _fill_pages(door: Door, until_full: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until_full():
        assert time.monotonic() < deadline, "the disk does not get full"
        door.send(data={"text": os.urandom(200_000).hex()})
