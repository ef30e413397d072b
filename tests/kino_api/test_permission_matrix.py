"""Every route × who asks × whose it is, compared with `permission_matrix.md`, which people have reviewed.

`.venv/bin/pytest -q -n 0 -s tests/kino_api/test_permission_matrix.py -k reviewed` prints the table as it is now. No
test writes it: whoever adds a route derives its row from the contract, and looks at what the route answers.
"""

import json
import re
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from starlette.routing import Mount, WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from kino_api.account_links import Purpose
from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from kino_api.sessions import open_session
from kino_api.users import ProjectRole, Role, User
from kino_assets.refresh import LakeWriter
from kino_core.database import Database
from kino_core.live import project_topic
from kino_ingest.doors import BATCH_PATH, PATHS
from kino_ingest.landing import land
from tests.factories.events import commit

from .conftest import Kino
from .permission_rows import PLACES, SIGN_IN, Row, rows_of
from .sides import build_side, link_of, session_of, store_report, update_by

REVIEWED = Path(__file__).with_name("permission_matrix.md")
CALLERS = ("no one", "agent token", "MEMBER", "PROJECT_LEADER", "MANAGER", "ADMIN")
STRANGERS = ("no one", "agent token")
OF_A_PROJECT = ("MEMBER", "PROJECT_LEADER")
LEAVES = {("POST", "/auth/logout"), ("POST", "/auth/password"), ("POST", "/logout")}
"""After these the caller has to sign in again: somebody else of the same rights makes them."""
VARYING = {"date", "x-request-id", "content-security-policy", "content-length", "set-cookie"}


@dataclass
class Caller:
    """Somebody, or something, that sends requests."""

    name: str
    client: httpx.Client
    user: User
    job: str = ""


@dataclass(frozen=True)
class Answer:
    """What a caller was told, without what differs from answer to answer and with the ids that it sent taken out."""

    status: int
    text: str
    headers: dict[str, str]


class Its(dict[str, str]):
    """The ids of a request; what only few requests need is made when it is asked for."""

    def __init__(self, ids: dict[str, str], made: dict[str, Callable[[], str]]) -> None:
        super().__init__(ids)
        self._made = made

    def __missing__(self, kind: str) -> str:
        self[kind] = self._made[kind]()
        return self[kind]


class World:
    """A Kino with two sides and everybody who may ask."""

    def __init__(self, kino: Kino, password_hash: str) -> None:
        self.kino, self._password_hash = kino, password_hash
        self._week, self._first = date(2024, 1, 1), dict[tuple[str, str], Row]()
        people = {"MEMBER": ProjectRole.MEMBER, "PROJECT_LEADER": ProjectRole.PROJECT_LEADER}
        users = {name: self._user(name) for name in CALLERS}
        self.ours = build_side(kino, "ours", {users[name].id: role for name, role in people.items()})
        self.theirs = build_side(kino, "theirs", {})
        with kino.database.write() as session:
            # Our mate has also done something for the others, which is not told to us.
            elsewhere = uuid.uuid4().hex.ljust(40, "0")
            land(session, [commit("acme/theirs", elsewhere, datetime.now(UTC), author=("Mate", self.ours.email))])
            self._portfolio_report = str(store_report(session, kino, None))
        self.callers = {name: self._caller(name, user) for name, user in users.items()}
        for caller in self.callers.values():
            caller.job = str(kino.app.state.resources.jobs.start("report", caller.user.id, uuid.uuid4).id)
        with closing(LakeWriter(kino.settings)) as writer:
            writer.refresh(everything=True)
        self.answers: dict[tuple[Row, str, str], Answer] = {}

    def walk(self) -> None:
        """Ask everything as everybody, but nothing twice."""
        for row in self.rows():
            for caller in self.callers.values():
                for place in places(row, caller.name):
                    known = self._known(row, caller.name, place)
                    self.answers[row, caller.name, place] = known or self._ask(row, caller, place)
            self.kino.app.state.resources.jobs.close()

    def _known(self, row: Row, caller: str, place: str) -> Answer | None:
        first = self._first.setdefault((row.method, row.path), row) if row.is_standard else row
        if row is not first:
            # The ids of one path are all one's own together.
            return self.answers[first, caller, place] if place == "own" else None
        # Whoever belongs to no project, and may do things in all of them, has none of their own.
        everywhere = place == "other" and caller in ("MANAGER", "ADMIN") and row.kind in self.ours.ids
        elsewhere = row.is_standard or "{project_id}" not in row.path
        return self.answers[row, caller, "own"] if elsewhere and everywhere else None

    def rows(self) -> list[Row]:
        """Return what is asked, in the order of the table."""
        return list(rows_of([*sorted(self._routes(), key=lambda each: (each[1].startswith("/webhooks"), each[1]))]))

    def table(self) -> list[tuple[str, ...]]:
        """Return the cells of the table: the statuses for own, other and missing, or one where all are the same."""
        cells = []
        for row in dict.fromkeys(row for row, _, _ in self.answers):
            found = [
                [self.answers[row, caller, place].status for place in PLACES if (row, caller, place) in self.answers]
                for caller in CALLERS
            ]
            shown = [" ".join(map(str, each if len(set(each)) > 1 else each[:1])) or "–" for each in found]
            cells.append((*row.key, *shown))
        return cells

    def _routes(self) -> Iterator[tuple[str, str]]:
        for route in self.kino.app.routes:
            if isinstance(route, Mount):
                yield "GET", f"{route.path}/today/kino.css"
            elif isinstance(route, WebSocketRoute):
                yield "WS", route.path
            else:
                yield from ((method, route.path_format) for method in sorted(route.methods))
        yield from (("POST", path) for path in PATHS)

    def _user(self, name: str) -> User:
        role = Role(name) if name in [each.value for each in Role] else None
        client = self.kino.signed_in_as(role, password_hash=self._password_hash)
        client.close()
        user_id = uuid.UUID(client.headers["x-user-id"])
        return User(user_id, f"{user_id.hex}@example.com", "Somebody", role)

    def _caller(self, name: str, user: User) -> Caller:
        with self.kino.database.write() as session:
            grant = open_session(session, self.kino.app.state.resources.tokens, user)
            # However slow the machine is, the password was shown a moment ago.
            later = "UPDATE kino.session SET authenticated_at = now() + interval '1 hour' WHERE id = %s"
            session.exec_driver_sql(later, (grant.session_id,))
        credentials = {"no one": None, "agent token": self.ours.token}.get(name, grant.access_token)
        headers = {"Authorization": f"Bearer {credentials}"} if credentials else {}
        client = self.kino.client(**headers, **{"Sec-Fetch-Site": "same-origin", "Accept-Encoding": "identity"})
        client.timeout = httpx.Timeout(60)
        return Caller(name, client, user)

    def _again(self, caller: Caller) -> Caller:
        """Return somebody else with the same rights."""
        user = self._user(caller.name)
        if caller.name in OF_A_PROJECT:
            join = "INSERT INTO kino.project_member (project_id, user_id, role) VALUES (%s, %s, %s)"
            with self.kino.database.write() as session:
                session.exec_driver_sql(join, (self.ours.project_id, user.id, caller.name))
        return self._caller(caller.name, user)

    def _ask(self, row: Row, caller: Caller, place: str) -> Answer:
        if (row.method, row.path) in LEAVES and caller.name not in STRANGERS:
            caller = self._again(caller)
        its = self.ids(row, caller, place)
        if row.method == "WS":
            return Answer(self._subscribed(caller, its["project"]), "", {})
        answer = caller.client.request(row.method, self.path(row, its), **sent(row, its))
        text = answer.text.replace(its[row.kind], "ID") if row.kind else answer.text
        text = text.replace(answer.headers["x-request-id"], "")
        text = re.sub(r'"(timestamp|request_id|as_of)":"[^"]*"|\bnonce-[\w-]+|nonce="[^"]*"', "", text)
        status = answer.status_code
        if row.path == BATCH_PATH and status == 202 and answer.json()["status"] == "rejected":
            # The lines of a batch are answered one by one, in the words of the single door.
            status = 403 if answer.json()["error"]["category"] == "AUTHORIZATION" else 400
        return Answer(status, text, {name: value for name, value in answer.headers.items() if name not in VARYING})

    @staticmethod
    def path(row: Row, its: Mapping[str, str]) -> str:
        """Return the path with the ids in it."""
        special = {"oneself": ("user", "developer"), "own update": ("update",), "portfolio report": ("report",)}

        def filled(found: re.Match[str]) -> str:
            return quote(its[row.kind if found[1] in special.get(row.kind, ()) else found[1]])

        return re.sub(r"{(\w+?)(?:_id)?}", filled, row.path)

    def ids(self, row: Row, caller: Caller, place: str) -> Its:
        """Return the ids of a request: all one's own but for the kind that the row is about."""
        side = {"own": self.ours, "other": self.theirs}.get(place)
        beside = side if row.kind == "project" and side is not None else self.ours
        its = Its({"key": "commits", **beside.ids}, self._personal(caller, place))
        if side is None:
            its[row.kind] = {"letter": str(10**12), "blocker": "nowhere"}.get(row.kind, str(uuid.uuid4()))
        elif row.kind in side.ids:
            its[row.kind] = side.ids[row.kind]
        for kind in row.spends if caller.name not in STRANGERS else ():
            if kind != row.kind:
                its[kind] = beside.fresh(kind)
            elif side is not None:
                its[kind] = side.fresh(kind)
        return its

    def _personal(self, caller: Caller, place: str) -> dict[str, Callable[[], str]]:
        user = caller.user if place == "own" else self.theirs.mate

        def written(make: Callable[..., Any], *values: object) -> Callable[[], str]:
            def write() -> str:
                with self.kino.database.write() as session:
                    return str(make(*(session if each is Database else each for each in values)))

            return write

        tokens = self.kino.app.state.resources.tokens
        return {
            "own_session": written(session_of, self.kino, Database, user.id),
            "job": lambda: caller.job if place == "own" else self.callers["no one"].job,
            "oneself": lambda: str(caller.user.id),
            "own update": written(update_by, Database, self.ours, caller.user),
            "portfolio report": lambda: self._portfolio_report,
            "email": lambda: caller.user.email,
            "refresh token": lambda: written(
                lambda session: open_session(session, tokens, caller.user).refresh_token, Database
            )(),
            "week": self._next_week,
            **{purpose.value: written(link_of, self.kino, Database, self.ours, purpose) for purpose in Purpose},
        }

    def _next_week(self) -> str:
        self._week += timedelta(weeks=1)
        return f"{self._week.isocalendar().year}-W{self._week.isocalendar().week:02}"

    def _subscribed(self, caller: Caller, project_id: str) -> int:
        """Return 101 where the caller may hear of the project, else the status or the code of the refusal."""
        headers = {"Authorization": value} if (value := caller.client.headers.get("authorization")) else {}
        try:
            with connect(self.kino.url.replace("http", "ws") + "/ws", additional_headers=headers) as socket:
                socket.send(json.dumps({"subscribe": [project_topic(uuid.UUID(project_id))]}))
                socket.recv(timeout=20)
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 0


def places(row: Row, caller: str) -> tuple[str, ...]:
    """Return of whose object a caller has to ask."""
    if row.path in SIGN_IN and caller not in ("no one", "MEMBER"):
        return ()
    # Whoever is nobody is told so before it matters whose anything is.
    if not row.kind or (caller in STRANGERS and row.path not in PATHS):
        return PLACES[:1]
    return row.places


def sent(row: Row, its: Its) -> dict[str, Any]:
    """Return what the row sends, as httpx takes it."""
    headers = {"Accept": "text/html"} if row.is_page else {}
    request: dict[str, Any] = {"headers": headers, "params": row.asked(its) if row.asked else None}
    if row.body is None:
        return request
    body = row.body(its)
    if row.is_page:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return request | {"content": urlencode(body)}
    headers["Content-Type"] = "application/x-ndjson" if row.path == BATCH_PATH else "application/json"
    return request | {"content": json.dumps(body)}


@pytest.fixture(scope="module")
def world(web: Kino, password_hash: str) -> World:
    """The whole web process, of which everything has been asked once."""
    world = World(web, password_hash)
    world.walk()
    return world


def test_every_route_answers_everybody_as_the_reviewed_table_says(world: World) -> None:
    present = [re.sub(r" +", " ", f"| {' | '.join(cells)} |") for cells in world.table()]
    sys.stdout.write("\n".join(["", *present, ""]))
    lines = [re.sub(r" +", " ", line) for line in REVIEWED.read_text().splitlines()]
    assert present == [line for line in lines if re.match(r"\| [A-Z]+ /", line)]


def test_what_is_anothers_looks_as_if_it_were_not_there(world: World) -> None:
    """The same status, envelope and headers, so that nobody learns which ids and names exist."""
    told = [
        (row.key, caller, answer, world.answers[row, caller, "missing"])
        for (row, caller, place), answer in world.answers.items()
        if caller in OF_A_PROJECT and place == "other" and answer != world.answers[row, caller, "missing"]
    ]
    assert not told


def test_what_somebody_did_in_another_project_is_counted_and_not_told(world: World) -> None:
    today = datetime.now(UTC).date()
    period = f"{today - timedelta(days=2)}/{today + timedelta(days=2)}"
    url = f"/api/v1/metrics/commits/explain?person={world.ours.ids['person']}&period={period}"
    told = {name: caller.client.get(url).json() for name, caller in world.callers.items() if name not in STRANGERS}
    assert [each["event_id"].partition("@")[0] for each in told["PROJECT_LEADER"]["items"]] == ["acme/ours"]
    assert {each["event_id"].partition("@")[0] for each in told["ADMIN"]["items"]} == {"acme/ours", "acme/theirs"}
    value = world.callers["PROJECT_LEADER"].client.get(url.replace("/explain", "")).json()["value"]
    assert value == 2


FOREIGN = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {})


def test_no_route_takes_a_change_that_another_sites_page_sends_along_with_our_cookies(world: World) -> None:
    admin = world.callers["ADMIN"]
    with world.kino.database.write() as session:
        grant = open_session(session, world.kino.app.state.resources.tokens, admin.user)
    cookies = f"{ACCESS_COOKIE}={grant.access_token}; {REFRESH_COOKIE}={grant.refresh_token}"
    asked = 0
    for row in {(row.method, row.path): row for row in world.rows()}.values():
        if row.method in ("GET", "WS") or row.path in PATHS:
            continue
        its = world.ids(row, admin, "own")
        for headers in FOREIGN:
            if not headers and row.path in SIGN_IN and not row.is_page:
                # No browser leaves out both headers, and a program that signs in needs no cookie.
                continue
            request = sent(row, its) if row.path != "/auth/refresh" else {}
            request["headers"] = request.get("headers", {}) | headers | {"Cookie": cookies}
            with world.kino.client() as browser:
                answer = browser.request(row.method, world.path(row, its), **request)
            assert answer.status_code == 403, (row.key, headers, answer.text)
            assert row.is_page or answer.json()["error"]["code"] == "CROSS_SITE_REQUEST", (row.key, headers)
            asked += 1
    assert asked > 200
