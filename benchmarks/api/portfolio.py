"""One portfolio: stored, brought into the lake, and asked for in every way that people and programs ask."""

import time
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from benchmarks.api.web import web_process
from benchmarks.ingest.servers import fresh_database
from kino_api.access_tokens import AccessTokens
from kino_api.keys import SigningKeys
from kino_api.refresh_tokens import RefreshTokens
from kino_api.sessions import SessionTokens, open_session
from kino_api.users import ProjectRole, Role, User
from kino_assets.refresh import LakeWriter
from kino_core.database import Database
from kino_core.settings import Settings, settings_from
from kino_core.tables import project_member, user
from kino_ingest.landing import land
from tests.factories.events import commit, project_created, repository_connected
from tests.factories.portfolio import seed_portfolio

COMMITS_OF_A_PROJECT = 2
"""Of this month, in the lake: enough that every row has a number of its own."""
PAGE = {"accept": "text/html", "accept-encoding": "gzip"}

ASKED: dict[str, tuple[str, dict[str, str]]] = {
    "list": ("/api/v1/projects?limit=50", {}),
    "list, a later page": ("/api/v1/projects?limit=50&cursor={cursor}", {}),
    "filter by initiative": ("/api/v1/projects?limit=50&initiative_id={initiative}", {}),
    "filter by health": ("/api/v1/projects?limit=50&health=AT_RISK", {}),
    "sort by end date": ("/api/v1/projects?limit=50&sort=end_date", {}),
    "search": ("/api/v1/projects?limit=50&q=ject+0043", {}),
    "one project": ("/api/v1/projects/{project}", {}),
    "metrics of a project": ("/api/v1/projects/{project}/metrics", {}),
    "portfolio page": ("/", PAGE),
    "portfolio page, by commits": ("/?sort=commits", PAGE),
    "portfolio page, search": ("/?q=ject+0043", PAGE),
    "project page": ("/projects/{project}", PAGE),
}
"""What is measured, by name: an address and the headers that go with it."""


def measure_portfolio(folder: Path, admin_url: str, projects: int) -> dict[str, object]:
    """Return the 50th and 95th percentile of the server time of everything, with Redis and without."""
    url, _ = fresh_database(admin_url)
    seed_portfolio(url, projects)
    settings = settings_from({"KINO_HOME": str(folder / "home"), "DATABASE_URL": url, "KINO_RATE_LIMITS": "off"})
    with closing(Database(url, statement_timeout_ms=120_000)) as database:
        seconds = _into_the_lake(database, settings, projects)
        headers = {
            name: {"authorization": f"Bearer {_token(database, settings, *who)}"}
            for name, who in {"manager": (Role.MANAGER, 0), "member of 20": (None, 20)}.items()
        }
    figures: dict[str, object] = {"seconds to the lake and its publication": round(seconds, 1)}
    for name, redis in (("with Redis", True), ("without Redis", False)):
        with web_process(folder, settings, redis=redis) as web:
            for who, sent in headers.items():
                figures[f"{who}, {name}"] = web.times(ASKED, sent)
            figures["first load, compressed bytes"] = web.first_load(headers["manager"])
    return figures


def _into_the_lake(database: Database, settings: Settings, projects: int) -> float:
    now = datetime.now(UTC)
    began = time.perf_counter()
    for first in range(1, projects + 1, 500):
        events = []
        for number in range(first, min(first + 500, projects + 1)):
            project, repository = uuid.UUID(int=number), f"example/project-{number}"
            events += [project_created(project, f"Project {number:05}"), repository_connected(project, repository)]
            events += [
                commit(repository, f"{number:036x}{place:04x}", now - timedelta(minutes=place))
                for place in range(COMMITS_OF_A_PROJECT)
            ]
        with database.write() as session:
            land(session, events)
    with closing(LakeWriter(settings)) as writer:
        writer.refresh(everything=True)
    return time.perf_counter() - began


def _token(database: Database, settings: Settings, role: Role | None, memberships: int) -> str:
    access = AccessTokens(SigningKeys(settings.jwt_private_key_file), settings.api_base_url, timedelta(hours=2))
    secret = settings.jwt_secret.get_secret_value().encode()
    tokens = SessionTokens(access, RefreshTokens(secret), timedelta(days=1))
    somebody = User(uuid.uuid4(), f"{uuid.uuid4().hex}@example.com", "Somebody", role)
    with database.write() as session:
        session.execute(
            insert(user).values(
                id=somebody.id, email=somebody.email, name=somebody.name, role=role and role.value, password_hash=""
            )
        )
        for number in range(memberships):
            session.execute(
                insert(project_member).values(
                    project_id=uuid.UUID(int=43 + number), user_id=somebody.id, role=ProjectRole.MEMBER.value
                )
            )
        return open_session(session, tokens, somebody).access_token
