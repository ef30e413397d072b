"""What is asked of every route to learn whom it lets in: requests that nothing else is wrong with."""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kino_ingest.doors import AGENT_PATH, BATCH_PATH, GITHUB_PATH
from tests.kino_ingest.events import report_body

from .conftest import PASSWORD

PLACES = ("own", "other", "missing")
PROJECT = "/api/v1/projects/{project_id}"
API = ("/api/", "/auth/", "/webhooks/")

SIGN_IN = frozenset(
    ("/auth/login", "/auth/refresh", "/auth/setup", "/auth/password/forgot", "/auth/password/reset")
    + ("/auth/invitation/accept", "/auth/email/verify", "/login", "/setup", "/forgot", "/reset", "/invite", "/verify")
)
"""It is how one becomes somebody: who asks does not matter."""

Its = Mapping[str, str]
"""The ids of a request by the kind of object, and whatever else its caller has."""
Make = Callable[[Its], Any]


@dataclass(frozen=True)
class Row:
    """One way to name one object in a request; `kind` says which, "" where there is none.

    `spends` names the kinds of which each request needs an object of its own: it would be gone for the next one.
    """

    method: str
    path: str
    kind: str = ""
    body: Make | None = None
    asked: Make | None = None
    spends: tuple[str, ...] = ()
    places: tuple[str, ...] = PLACES
    called: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return f"{self.method} {self.path}", self.called or self.kind

    @property
    def is_standard(self) -> bool:
        """Whether the object is one of those in the path, looked at as one of a project's."""
        return bool(self.kind) and not self.called and self.places == PLACES

    @property
    def is_page(self) -> bool:
        return not self.path.startswith(API)


def rows_of(routes: Iterable[tuple[str, str]]) -> Iterator[Row]:
    """Yield the rows of each route: one for each id in its path, and those in which something else is named."""
    for method, path in routes:
        kinds = [kind for kind in re.findall(r"{(\w+?)(?:_id)?}", path) if kind != "key"]
        named = [row for row in NAMED if (row.method, row.path) == (method, path)]
        standard = (BODIES.get((method, path)), ASKED.get((method, path)), SPENDS.get((method, path), ()))
        if kinds or not named:
            yield from (Row(method, path, kind, *standard) for kind in kinds or [""])
        yield from named


def _name(_its: Its) -> dict[str, str]:
    return {"name": f"Name {uuid.uuid4().hex}"}


def _empty(_its: Its) -> dict[str, str]:
    return {}


def _just(**values: object) -> Make:
    return lambda _its: values


def _of(**kinds: str) -> Make:
    """Return what maps each name to the id of that kind."""
    return lambda its: {name: its[kind] for name, kind in kinds.items()}


def _with(make: Make, **values: object) -> Make:
    return lambda its: {**make(its), **values}


NEW_PASSWORD = f"{PASSWORD} again"
BODIES: dict[tuple[str, str], Make] = {
    ("POST", "/auth/login"): _with(_of(email="email"), password=PASSWORD),
    ("POST", "/auth/refresh"): _of(refresh_token="refresh token"),
    ("POST", "/auth/setup"): _just(token="x", email="eve@example.com", password=PASSWORD),
    ("POST", "/auth/reauthenticate"): _just(password=PASSWORD),
    ("POST", "/auth/password"): _just(current_password=PASSWORD, new_password=NEW_PASSWORD),
    ("POST", "/auth/password/forgot"): _of(email="email"),
    ("POST", "/auth/password/reset"): _with(_of(token="reset"), password=NEW_PASSWORD),
    ("POST", "/auth/invitation/accept"): _with(_of(token="invite"), password=NEW_PASSWORD),
    ("POST", "/auth/email/verify"): _of(token="verify"),
    ("POST", "/api/v1/users"): lambda _its: {"email": f"{uuid.uuid4().hex}@example.com"},
    ("PATCH", "/api/v1/users/{user_id}"): _name,
    ("POST", "/api/v1/initiatives"): _name,
    ("PATCH", "/api/v1/initiatives/{initiative_id}"): _just(description="New"),
    ("POST", "/api/v1/projects"): _name,
    ("PATCH", PROJECT): _just(description="New"),
    ("POST", f"{PROJECT}/members"): _of(user_id="somebody"),
    ("PATCH", f"{PROJECT}/members/{{member_id}}"): _just(role="MEMBER"),
    ("POST", f"{PROJECT}/milestones"): _name,
    ("PATCH", f"{PROJECT}/milestones/{{milestone_id}}"): _just(description="New"),
    ("POST", f"{PROJECT}/dependencies"): _of(depends_on_project_id="target"),
    ("POST", f"{PROJECT}/repositories"): lambda _its: {"full_name": f"acme/{uuid.uuid4().hex}"},
    ("POST", f"{PROJECT}/scope-items"): _just(title="Pay by card"),
    ("PUT", f"{PROJECT}/scope-items/order"): _just(order=[]),
    ("PATCH", f"{PROJECT}/scope-items/{{item_id}}"): _just(description="New"),
    ("POST", f"{PROJECT}/updates"): _with(_of(period="week"), overall_status="ON_TRACK"),
    ("PATCH", f"{PROJECT}/updates/{{update_id}}"): _just(notes="New"),
    ("POST", f"{PROJECT}/annotations"): _just(day="2026-01-01", text="Moved"),
    ("PATCH", f"{PROJECT}/annotations/{{annotation_id}}"): _just(text="Moved again"),
    ("POST", "/api/v1/dead-letters/replay"): _just(since="2026-01-01T00:00:00Z", dry_run=True),
    ("POST", "/login"): _with(_of(email="email"), password=PASSWORD, next="/"),
    ("POST", "/logout"): _just(x=""),
    ("POST", "/forgot"): _of(email="email"),
    ("POST", "/reset"): _with(_of(token="reset"), password=NEW_PASSWORD),
    ("POST", "/invite"): _with(_of(token="invite"), name="New", password=NEW_PASSWORD),
    ("POST", "/verify"): _of(token="verify"),
    ("POST", "/setup"): _just(token="x", email="eve@example.com", password=PASSWORD),
}

ASKED: dict[tuple[str, str], Make] = {
    ("GET", "/api/v1/reports/{report_id}/download"): _just(format="html"),
    ("GET", "/setup"): _just(token="x"),
    ("GET", "/reset"): _of(token="reset"),
    ("GET", "/invite"): _of(token="invite"),
    ("GET", "/verify"): _of(token="verify"),
}

SPENDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("DELETE", PROJECT): ("project",),
    ("POST", f"{PROJECT}/archive"): ("project",),
    ("POST", f"{PROJECT}/unarchive"): ("project",),
    ("POST", f"{PROJECT}/members"): ("somebody",),
    ("DELETE", f"{PROJECT}/members/{{member_id}}"): ("member",),
    ("DELETE", f"{PROJECT}/milestones/{{milestone_id}}"): ("milestone",),
    ("POST", f"{PROJECT}/dependencies"): ("target",),
    ("DELETE", f"{PROJECT}/dependencies/{{dependency_id}}"): ("dependency",),
    ("DELETE", f"{PROJECT}/tokens/{{token_id}}"): ("token",),
    ("POST", f"{PROJECT}/tokens/{{token_id}}/rotate"): ("token",),
    ("POST", f"{PROJECT}/tokens/{{token_id}}/signing-secret"): ("token",),
    ("DELETE", f"{PROJECT}/scope-items/{{item_id}}"): ("item",),
    ("PUT", f"{PROJECT}/scope-items/order"): ("project",),
    ("DELETE", f"{PROJECT}/updates/{{update_id}}"): ("update",),
    ("DELETE", f"{PROJECT}/annotations/{{annotation_id}}"): ("annotation",),
    ("POST", f"{PROJECT}/blockers/{{blocker_id}}/resolve"): ("blocker",),
    ("POST", "/api/v1/users/{user_id}/invitation"): ("user",),
    ("POST", "/api/v1/users/{user_id}/erase"): ("user",),
}


def _in_query(path: str, name: str, kind: str) -> Row:
    return Row("GET", path, kind, asked=_of(**{name: kind}), called=f"{name} in the query")


def _in_body(method: str, path: str, kind: str, body: Make, spends: tuple[str, ...] = ()) -> Row:
    return Row(method, path, kind, body=body, spends=spends, called=f"{kind} in the body")


def _numbers(path: str, **query: str) -> Iterator[Row]:
    """Yield how a metric is asked for: of the portfolio, or of what is named by its id."""
    yield Row("GET", path, asked=_with(_of(), **query), called="the portfolio")
    for scope in ("project", "initiative", "repository", "person", "agent"):
        yield Row("GET", path, scope, asked=_with(_of(**{scope: scope}), **query), called=f"{scope} by id")


def _report(**scope: str) -> Make:
    named = _of(**scope)
    return lambda its: {"kind": "qbr", "period": "2026-Q3", "formats": ["html"], "scope": named(its)}


def _event(its: Its) -> dict[str, Any]:
    return report_body(project_id=its["project"])


REPORT_FORM = {"kind": "qbr", "period": "2026-Q3", "formats": "html"}
USER = "/api/v1/users/{user_id}"
ITEMS = f"{PROJECT}/scope-items"

NAMED = [
    *_numbers("/api/v1/metrics/{key}"),
    *(
        Row(
            "GET",
            "/api/v1/metrics/{key}",
            f"{kind} name",
            asked=_of(**{kind: f"{kind} name"}),
            called=f"{kind} by name",
        )
        for kind in ("project", "initiative", "repository", "agent")
    ),
    *_numbers("/api/v1/metrics/{key}/explain"),
    *_numbers("/api/v1/metrics/{key}/restatement", since="2999-01-01T00:00:00Z"),
    _in_query("/api/v1/projects", "initiative_id", "initiative"),
    _in_query("/api/v1/projects", "owner", "user"),
    _in_query("/api/v1/agents", "project_id", "project"),
    _in_query("/api/v1/audit", "actor", "user"),
    _in_query("/api/v1/audit", "entity_id", "project"),
    _in_query(ITEMS, "assignee_id", "user"),
    _in_query(ITEMS, "milestone_id", "milestone"),
    _in_query(f"{PROJECT}/updates", "author_id", "user"),
    _in_query(f"{PROJECT}/annotations", "scope_item_id", "item"),
    _in_body("PATCH", PROJECT, "group", _of(initiative_id="group"), ("project",)),
    _in_body("POST", f"{PROJECT}/members", "somebody", _of(user_id="somebody"), ("somebody",)),
    _in_body("POST", f"{PROJECT}/dependencies", "target", _of(depends_on_project_id="target"), ("target",)),
    _in_body("POST", ITEMS, "milestone", _with(_of(milestone_id="milestone"), title="Pay")),
    _in_body("POST", ITEMS, "user", _with(_of(assignee_id="user"), title="Pay", assignee_type="USER")),
    _in_body("POST", ITEMS, "agent", _with(_of(assignee_id="agent"), title="Pay", assignee_type="AGENT")),
    _in_body("PATCH", f"{ITEMS}/{{item_id}}", "milestone", _of(milestone_id="milestone"), ("item",)),
    _in_body(
        "PATCH", f"{ITEMS}/{{item_id}}", "agent", _with(_of(assignee_id="agent"), assignee_type="AGENT"), ("item",)
    ),
    _in_body("PUT", f"{ITEMS}/order", "item", lambda its: {"order": [its["item"]]}, ("project",)),
    _in_body(
        "POST", f"{PROJECT}/annotations", "item", _with(_of(scope_item_id="item"), day="2026-01-01", text="Moved")
    ),
    *(
        Row(method, f"{PROJECT}/updates/{{update_id}}", "own update", body, places=("own",))
        for method, body in (("GET", None), ("PATCH", _just(notes="New")), ("DELETE", None))
    ),
    *(
        Row(method, f"{USER}{path}", "oneself", body, places=("own",), called=called)
        for method, path, body, called in (
            ("GET", "", None, "oneself"),
            ("PATCH", "", _name, "one's own name"),
            ("PATCH", "", _just(disabled=False), "what one may be"),
            ("GET", "/sessions", None, "oneself"),
            ("GET", "/export", None, "oneself"),
        )
    ),
    Row("GET", "/api/v1/developers/{developer_id}/metrics", "oneself", places=("own",)),
    Row("GET", "/api/v1/reports/{report_id}", "portfolio report", places=("own",)),
    Row(
        "GET",
        "/api/v1/reports/{report_id}/download",
        "portfolio report",
        asked=_just(format="html"),
        places=("own",),
    ),
    Row("POST", "/api/v1/reports", body=_report(), called="the portfolio"),
    _in_body("POST", "/api/v1/reports", "project", _report(project="project")),
    _in_body("POST", "/api/v1/reports", "initiative", _report(initiative="initiative")),
    Row("GET", "/reports"),
    _in_query("/reports", "job", "job"),
    Row("POST", "/reports", body=_just(**REPORT_FORM), called="the portfolio"),
    _in_body("POST", "/reports", "project", _with(_of(scope="project"), **REPORT_FORM)),
    _in_body("POST", AGENT_PATH, "project", _event),
    _in_body("POST", BATCH_PATH, "project", _event),
    Row("POST", GITHUB_PATH, body=_empty, called="unsigned"),
    Row("WS", "/ws", "project", called="project"),
]
"""What a request names elsewhere than in its path, and what is one's own in another sense than one's project's."""
