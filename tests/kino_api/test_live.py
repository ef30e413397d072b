"""The live channel, from a message in Redis to the socket of an open page."""

import json
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import SecretStr
from sqlalchemy import insert
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from kino_api.live import QUEUE_LENGTH, Close, Listener
from kino_api.projects import create_project
from kino_api.routes.live import read_wish
from kino_api.users import ProjectRole, create_user
from kino_cli import valkey
from kino_core.database import query
from kino_core.live import CHANNEL, LiveKind, LiveMessage, encode, project_topic
from kino_core.settings import Settings
from kino_core.tables import project_member

from .conftest import EMAIL, PASSWORD, Kino, until


def _login(kino: Kino, email: str = EMAIL) -> dict[str, Any]:
    tokens: dict[str, Any] = kino.client().post("/auth/login", json={"email": email, "password": PASSWORD}).json()
    return tokens


@contextmanager
def _open(
    kino: Kino, *, cookie: str | None = None, origin: str | None = "own", **headers: str
) -> Iterator[ClientConnection]:
    sent = dict(headers) | ({"Cookie": cookie} if cookie else {})
    shown = kino.url if origin == "own" else origin
    url = kino.url.replace("http", "ws") + "/ws"
    with connect(url, additional_headers=sent, origin=Origin(shown) if shown else None) as socket:
        yield socket


def _connected(kino: Kino) -> bool:
    return bool(kino.app.state.resources.hub.connected)


@pytest.fixture
def live(kino: Kino) -> Kino:
    """A running API that listens to Redis."""
    until(lambda: _connected(kino))
    return kino


def _cookie(kino: Kino) -> str:
    return f"{ACCESS_COOKIE}={_login(kino)['access_token']}"


def _subscribe(socket: ClientConnection, *topics: str) -> None:
    socket.send(json.dumps({"subscribe": topics}))
    assert json.loads(socket.recv(timeout=20)) == {"kind": "subscribed"}


def _is_heard(kino: Kino, cookie: str) -> bool:
    try:
        with _open(kino, cookie=cookie) as page:
            _subscribe(page, "portfolio")
    except ConnectionClosed:
        return False
    return True


def _publish(kino: Kino, topics: list[str], item: dict[str, Any]) -> None:
    assert kino.settings.redis_url
    with redis.Redis.from_url(kino.settings.redis_url) as client:
        client.publish(CHANNEL, encode(LiveMessage(topics, LiveKind.AGENT_ACTIVITY, item)))


def _close_code(socket: ClientConnection) -> int | None:
    deadline = time.monotonic() + 20
    while True:
        try:
            # Heartbeats may come before; they must not keep a test waiting for ever.
            socket.recv(timeout=max(0.0, deadline - time.monotonic()))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


def _project(kino: Kino, name: str) -> uuid.UUID:
    with kino.database.write() as session:
        return create_project(session, name).id


def test_a_page_hears_its_topics_once_and_no_others(live: Kino) -> None:
    mine, other = _project(live, "Mine"), _project(live, "Other")
    cookie = _cookie(live)
    with _open(live, cookie=cookie) as page, _open(live, cookie=cookie) as portfolio:
        _subscribe(page, project_topic(mine), "portfolio")
        _subscribe(portfolio, "portfolio")
        _publish(live, [project_topic(other)], {"number": 1})
        _publish(live, [project_topic(mine), "portfolio"], {"number": 2})
        _publish(live, [project_topic(mine)], {"number": 3})
        _publish(live, ["portfolio"], {"number": 4})
        heard = [json.loads(page.recv(timeout=20)) for _ in range(3)]
        assert [message["item"]["number"] for message in heard] == [2, 3, 4]
        assert heard[0]["kind"] == "agent_activity"
        assert [json.loads(portfolio.recv(timeout=20))["item"]["number"] for _ in range(2)] == [2, 4]


def test_subscribing_again_replaces_the_topics(live: Kino) -> None:
    first, second = _project(live, "First"), _project(live, "Second")
    with _open(live, cookie=_cookie(live)) as page:
        _subscribe(page, project_topic(first))
        _subscribe(page, project_topic(second))
        _publish(live, [project_topic(first)], {"number": 1})
        _publish(live, [project_topic(second)], {"number": 2})
        assert json.loads(page.recv(timeout=20))["item"] == {"number": 2}


def test_programs_come_with_a_bearer_token_and_long_open_pages_with_their_refresh_cookie(live: Kino) -> None:
    tokens = _login(live)
    with _open(live, origin=None, Authorization=f"Bearer {tokens['access_token']}") as program:
        _subscribe(program, "portfolio")
    with _open(live, cookie=f"{REFRESH_COOKIE}={tokens['refresh_token']}") as page:
        _subscribe(page, "portfolio")
    again = live.client().post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert again.status_code == 200, "opening a socket used the refresh token up"


def test_strangers_other_sites_and_other_hosts_get_no_socket(live: Kino) -> None:
    with live.database.write() as session:
        create_user(session, "member@example.com", None, PASSWORD, None)
    member = f"{ACCESS_COOKIE}={_login(live, 'member@example.com')['access_token']}"
    cookie = _cookie(live)
    attempts: list[dict[str, Any]] = [
        {},
        {"cookie": f"{ACCESS_COOKIE}=nonsense"},
        {"cookie": member},
        {"cookie": cookie, "origin": "https://evil.example"},
        {"cookie": cookie, "origin": None},
        {"cookie": cookie, "origin": "null"},
        {"cookie": cookie, "Host": "evil.example", "origin": "http://evil.example"},
    ]
    for attempt in attempts:
        with pytest.raises(InvalidStatus) as refused, _open(live, **attempt):
            pass
        assert refused.value.response.status_code == 403, attempt


def test_what_is_no_wish_closes_the_socket(live: Kino) -> None:
    cookie = _cookie(live)
    unknown = json.dumps({"subscribe": [project_topic(uuid.uuid4())]})
    for text, code in (("hello", Close.REFUSED), (unknown, Close.REFUSED), ("x" * 5000, Close.TOO_BIG)):
        with _open(live, cookie=cookie) as page:
            page.send(text)
            assert _close_code(page) == code
    assert not live.app.state.resources.hub._listeners


def test_wishes_name_the_portfolio_or_projects_and_nothing_else() -> None:
    project = project_topic(uuid.uuid4())
    assert read_wish(json.dumps({"subscribe": ["portfolio", project]})) == ["portfolio", project]
    for wrong in (
        "[]",
        "{}",
        '{"subscribe": "portfolio"}',
        '{"subscribe": ["project:*"]}',
        '{"subscribe": ["user:1"]}',
    ):
        assert read_wish(wrong) is None, wrong
    assert read_wish(json.dumps({"subscribe": [project] * 21})) is None


def test_signing_out_closes_the_pages_of_that_session_alone(live: Kino) -> None:
    leaving, staying = _login(live), _login(live)
    with (
        _open(live, cookie=f"{ACCESS_COOKIE}={leaving['access_token']}") as gone,
        _open(live, cookie=f"{ACCESS_COOKIE}={staying['access_token']}") as here,
    ):
        _subscribe(here, "portfolio")
        live.client(Authorization=f"Bearer {leaving['access_token']}").post("/auth/logout")
        assert _close_code(gone) == Close.SIGNED_OUT
        _publish(live, ["portfolio"], {"number": 1})
        assert json.loads(here.recv(timeout=20))["item"] == {"number": 1}


def test_a_session_that_another_process_ended_is_noticed(live: Kino) -> None:
    with _open(live, cookie=_cookie(live)) as page:
        _subscribe(page, "portfolio")
        with live.database.write() as session:
            query(session, "UPDATE kino.session SET ended_at = now() RETURNING id")
        assert _close_code(page) == Close.SIGNED_OUT


@pytest.fixture
def unwatched(
    start: Callable[[Settings], Kino], api_settings: Settings, administrator: None, monkeypatch: pytest.MonkeyPatch
) -> Kino:
    """A running API that does not look after its sessions: only who ends one closes its pages."""
    monkeypatch.setattr("kino_api.live.SESSION_CHECK_SECONDS", 3600.0)
    kino = start(api_settings)
    until(lambda: _connected(kino))
    return kino


def test_an_erased_person_is_out_at_once_with_every_token_and_page(unwatched: Kino) -> None:
    kino = unwatched
    project_id = _project(kino, "Checkout")
    with kino.database.write() as session:
        grace = create_user(session, "grace@example.com", "Grace", PASSWORD, None)
        session.execute(insert(project_member).values(project_id=project_id, user_id=grace.id, role="MEMBER"))
    program, browser = _login(kino, "grace@example.com"), _login(kino, "grace@example.com")
    cookie = f"{ACCESS_COOKIE}={browser['access_token']}; {REFRESH_COOKIE}={browser['refresh_token']}"
    bearer = {"Authorization": f"Bearer {program['access_token']}"}
    with _open(kino, cookie=cookie) as page, _open(kino, origin=None, **bearer) as socket:
        for each in (page, socket):
            _subscribe(each, project_topic(project_id))
        assert kino.signed_in().post(f"/api/v1/users/{grace.id}/erase").status_code == 202
        _publish(kino, [project_topic(project_id)], {"number": 1})
        for each in (page, socket):
            heard, code = _rest(each)
            assert (heard, code) == ([], Close.SIGNED_OUT)
    assert kino.client(**bearer).get("/auth/me").status_code == 401
    assert kino.client(Cookie=cookie).get("/auth/me").status_code == 401
    for tokens in (program, browser):
        refreshed = kino.client().post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert refreshed.status_code == 401
    for credentials in ({"cookie": cookie}, {"origin": None, **bearer}):
        with pytest.raises(InvalidStatus), _open(kino, **credentials):
            pass


def test_who_leaves_a_project_hears_no_more_of_it(unwatched: Kino) -> None:
    kino = unwatched
    ours, theirs = _project(kino, "Ours"), _project(kino, "Theirs")
    member = kino.signed_in_as(memberships={ours: ProjectRole.MEMBER, theirs: ProjectRole.MEMBER})
    bearer = {"Authorization": member.headers["Authorization"]}
    with _open(kino, origin=None, **bearer) as page:
        _subscribe(page, project_topic(ours), "portfolio")
        url = f"/api/v1/projects/{theirs}/members/{member.headers['x-user-id']}"
        assert kino.signed_in().delete(url).status_code == 204
        _publish(kino, [project_topic(theirs)], {"number": 1})
        assert _rest(page) == ([], Close.RIGHTS_CHANGED)
    with _open(kino, origin=None, **bearer) as page:
        page.send(json.dumps({"subscribe": [project_topic(theirs)]}))
        assert _close_code(page) == Close.REFUSED


def _rest(socket: ClientConnection) -> tuple[list[str], int | None]:
    """Return what else is heard until the socket is closed, and with which code it is."""
    heard: list[str] = []
    while True:
        try:
            heard.append(str(socket.recv(timeout=20)))
        except ConnectionClosed as closed:
            return heard, closed.rcvd.code if closed.rcvd else None


def test_a_page_that_falls_behind_is_closed_and_what_waits_is_bounded() -> None:
    listener = Listener(uuid.uuid4(), uuid.uuid4())
    for number in range(QUEUE_LENGTH):
        listener.offer(str(number))
    assert not listener.closing
    for _ in range(10):
        listener.offer("one too many")
    assert listener.queue.get_nowait() is Close.TOO_SLOW
    assert listener.queue.empty()


@contextmanager
def _running(server: valkey.EmbeddedValkey) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(server.command, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: valkey.is_ready(server))
            yield process
        finally:
            process.kill()


def test_pages_are_told_when_redis_goes_and_hear_again_when_it_is_back(
    start: Callable[[Settings], Kino], api_settings: Settings, administrator: None, tmp_path: Path
) -> None:
    server = valkey.prepare_valkey(tmp_path)
    with ExitStack() as pages:
        with _running(server):
            kino = start(api_settings.model_copy(update={"own_redis_url": SecretStr(server.url)}))
            cookie = _cookie(kino)
            until(lambda: _connected(kino))
            page = pages.enter_context(_open(kino, cookie=cookie))
            _subscribe(page, "portfolio")
        assert _close_code(page) == Close.NO_LIVE_CHANNEL
    until(lambda: not _connected(kino))
    with _open(kino, cookie=cookie) as waiting:
        assert _close_code(waiting) == Close.NO_LIVE_CHANNEL
    with _running(server):
        until(lambda: _connected(kino))
        with _open(kino, cookie=cookie) as again:
            _subscribe(again, "portfolio")
            _publish(kino, ["portfolio"], {"number": 1})
            assert json.loads(again.recv(timeout=20))["item"] == {"number": 1}


def _pings(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        statistics: Any = client.info("commandstats")
    return int(statistics.get("cmdstat_ping", {}).get("calls", 0))


def test_a_quiet_redis_is_left_in_peace_and_a_silent_one_noticed(
    start: Callable[[Settings], Kino],
    api_settings: Settings,
    administrator: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kino_api.live.SILENCE_SECONDS", 3.0)
    server = valkey.prepare_valkey(tmp_path)
    with _running(server) as process:
        kino = start(api_settings.model_copy(update={"own_redis_url": SecretStr(server.url)}))
        cookie = _cookie(kino)
        # A server this young may lose its first connection, as any may at any time: pages then come again.
        until(lambda: _connected(kino) and _is_heard(kino, cookie))
        with _open(kino, cookie=cookie) as page:
            _subscribe(page, "portfolio")
            before = _pings(server.url)
            until(lambda: _pings(server.url) >= before + 2)
            _publish(kino, ["portfolio"], {"number": 1})
            assert json.loads(page.recv(timeout=20))["item"] == {"number": 1}
            process.send_signal(signal.SIGSTOP)
            assert _close_code(page) == Close.NO_LIVE_CHANNEL
        process.send_signal(signal.SIGCONT)
        until(lambda: _connected(kino))
