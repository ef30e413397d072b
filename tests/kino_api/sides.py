"""Two sides of one Kino, each with one of everything: what is one's own, and what is another project's."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import msgspec
from sqlalchemy import insert, update

from kino_api.account_links import Purpose, make_link
from kino_api.annotations import add_annotation
from kino_api.dependencies import End, add_dependency
from kino_api.initiatives import create_initiative
from kino_api.milestones import add_milestone
from kino_api.project_updates import submit_update
from kino_api.projects import create_project
from kino_api.repositories import connect_repository
from kino_api.scope_items import create_item
from kino_api.sessions import open_session
from kino_api.tokens import create_token
from kino_api.users import ProjectRole, User, create_invited_user
from kino_core.database import WriteSession, query
from kino_core.events import agent_key, stable_id
from kino_core.tables import project, project_member, report, user
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from kino_ingest.summaries import recount_touched
from tests.factories.events import agent_report, commit

from .conftest import Kino

NOW = datetime.now(UTC)
BLOCKERS = 40
"""How many blockers of a side may be closed."""


@dataclass
class Side:
    """A project with its people; `ids` holds the id of one object of each kind."""

    kino: Kino
    name: str
    people: dict[uuid.UUID, ProjectRole] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    token: str = ""
    email: str = ""
    made: int = 0
    closed: int = 0

    @property
    def project_id(self) -> uuid.UUID:
        return uuid.UUID(self.ids["project"])

    @property
    def mate(self) -> User:
        """Somebody of the side who is never the caller."""
        member = {self.project_id: ProjectRole.MEMBER}
        return User(uuid.UUID(self.ids["user"]), "mate@example.com", "Mate", None, member)

    def fresh(self, kind: str) -> str:
        """Make another object of that kind in the side's project, and return its id."""
        if kind == "blocker":
            self.closed += 1
            return f"{self.name}-{self.closed}"
        self.made += 1
        with self.kino.database.write() as session:
            return str(MAKERS[kind](session, self))


def build_side(kino: Kino, name: str, people: dict[uuid.UUID, ProjectRole]) -> Side:
    """Return a side of which those people are members, with one of everything."""
    side = Side(kino, name, people)
    side.ids["project"] = side.fresh("project")
    side.ids["user"] = side.fresh("user")
    side.people = people | {side.mate.id: ProjectRole.MEMBER}
    side.ids |= {kind: side.fresh(kind) for kind in MAKERS if kind not in ("project", "user", "member")}
    with kino.database.write() as session:
        # A second initiative, which may be given to other projects too.
        for kind, held_by in (("initiative", "project"), ("group", "target")):
            made = create_initiative(session, f"{kind.capitalize()} of {name}").id
            held = update(project).where(project.c.id == uuid.UUID(side.ids[held_by]))
            session.execute(held.values(initiative_id=made))
            side.ids[kind] = str(made)
    _tell_history(side)
    return side


def _tell_history(side: Side) -> None:
    """Land what an agent and the mate did, and an event that could not be folded."""
    kino, project_id, agent = side.kino, side.project_id, f"agent-{side.name}"
    email = f"mate-{side.name}@example.org"
    blockers = [
        agent_report(project_id, "blocker_identified", NOW, agent=agent, blocker_id=f"{side.name}-{number}")
        for number in range(BLOCKERS)
    ]
    broken = agent_report(project_id, "task_started", NOW, agent=agent, event_id=f"broken-{side.name}")
    work = [
        commit(f"acme/{side.name}", stable_id("sha", side.name).hex.ljust(40, "0"), NOW, author=("Mate", email)),
        msgspec.structs.replace(broken, project_id=None),
        *blockers,
    ]
    with kino.database.write() as session:
        land(session, work)
    while fold_pending(kino.database):
        fold_next(kino.database)
    recount_touched(kino.database)
    person_id = stable_id("person", f"email:{email}")
    with kino.database.write() as session:
        [letter] = query(
            session,
            "UPDATE landing.event SET project_id = :project_id WHERE event_id = :event_id RETURNING id",
            project_id=project_id,
            event_id=broken.event_id,
        )
        # Its project is known now: tried once more, while the other side's history is folded, it would be no letter.
        [found] = query(
            session,
            "UPDATE landing.dead_letter SET next_try_at = now() + interval '1 day' WHERE event_row = :row RETURNING id",
            row=letter.id,
        )
        session.execute(update(user).where(user.c.id == side.mate.id).values(person_id=person_id))
    side.email = email
    side.ids |= {
        "agent": str(agent_key(agent)),
        "person": str(person_id),
        "developer": side.ids["user"],
        "member": side.ids["user"],
        "letter": str(found.id),
        "blocker": f"{side.name}-0",
        "project name": f"Project 1 of {side.name}",
        "initiative name": f"Initiative of {side.name}",
        "repository name": f"acme/{side.name}",
        "agent name": agent,
    }


def _project(session: WriteSession, side: Side) -> uuid.UUID:
    made = create_project(session, f"Project {side.made} of {side.name}").id
    for user_id, role in side.people.items():
        session.execute(insert(project_member).values(project_id=made, user_id=user_id, role=role.value))
    return made


def _somebody(session: WriteSession, side: Side) -> uuid.UUID:
    """Make somebody who belongs to no project yet."""
    made = uuid.uuid4()
    session.execute(insert(user).values(id=made, email=f"{made.hex}@example.com", name="Mate", password_hash="none"))
    return made


def _mate(session: WriteSession, side: Side) -> uuid.UUID:
    return _joined(session, side, _somebody(session, side))


def _invited(session: WriteSession, side: Side) -> uuid.UUID:
    return _joined(session, side, create_invited_user(session, f"{uuid.uuid4().hex}@example.com", "New", None).id)


def _joined(session: WriteSession, side: Side, user_id: uuid.UUID) -> uuid.UUID:
    session.execute(insert(project_member).values(project_id=side.project_id, user_id=user_id, role="MEMBER"))
    return user_id


def _update(session: WriteSession, side: Side) -> uuid.UUID:
    return update_by(session, side, side.mate)


def update_by(session: WriteSession, side: Side, author: User) -> uuid.UUID:
    """Have somebody write about another week of the side's project."""
    side.made += 1
    monday = date(2020, 1, 6) + timedelta(weeks=side.made)
    period = {"period_start": monday, "period_end": monday + timedelta(days=6)}
    return submit_update(session, author, side.project_id, {"overall_status": "ON_TRACK", **period}).id


def _dependency(session: WriteSession, side: Side) -> uuid.UUID:
    target = End(_project(session, side))
    return add_dependency(session, side.mate, End(side.project_id), target).id


def _report(session: WriteSession, side: Side) -> uuid.UUID:
    return store_report(session, side.kino, side.project_id)


def store_report(session: WriteSession, kino: Kino, project_id: uuid.UUID | None) -> uuid.UUID:
    """Store a report with one file, of a project or of the portfolio."""
    made = uuid.uuid4()
    path = kino.settings.reports_path / str(made) / "report.html"
    path.parent.mkdir(parents=True)
    path.write_text("<p>A report</p>")
    session.execute(
        insert(report).values(
            id=made,
            kind="qbr",
            title="Quarterly business review",
            scope_type="project" if project_id else "portfolio",
            scope_id=project_id,
            period="2026-Q3",
            as_of=NOW,
            lake_snapshot_id=1,
            snapshot_sha256="0" * 64,
            snapshot={},
            files={"html": {"path": f"{made}/report.html", "sha256": "", "bytes": 15}},
        )
    )
    return made


def session_of(kino: Kino, session: WriteSession, user_id: uuid.UUID) -> uuid.UUID:
    """Sign a user in once more, and return the session's id."""
    somebody = User(user_id, "somebody@example.com", "Somebody", None)
    return open_session(session, kino.app.state.resources.tokens, somebody).session_id


def link_of(kino: Kino, session: WriteSession, side: Side, purpose: Purpose) -> str:
    """Return the token of a link that was sent to somebody new."""
    maker = _invited if purpose is Purpose.INVITE else _mate
    email = f"{uuid.uuid4().hex}@example.com" if purpose is Purpose.VERIFY else None
    secret = kino.settings.jwt_secret.get_secret_value()
    return make_link(session, secret, maker(session, side), purpose, email).token


def _token(session: WriteSession, side: Side) -> uuid.UUID:
    made = create_token(session, side.kino.settings.env, side.project_id)
    side.token = side.token or made.token
    return made.id


MAKERS: dict[str, Callable[[WriteSession, Side], object]] = {
    "project": _project,
    "target": _project,
    "user": _invited,
    "member": _mate,
    "somebody": _somebody,
    "milestone": lambda session, side: add_milestone(session, side.project_id, f"Milestone {side.made}").id,
    "item": lambda session, side: create_item(session, side.project_id, {"title": f"Item {side.made}"}).id,
    "annotation": lambda session, side: (
        add_annotation(session, side.project_id, {"day": date(2026, 1, 1), "text": "Moved"}).id
    ),
    "update": _update,
    "dependency": _dependency,
    "repository": lambda session, side: connect_repository(session, side.project_id, f"acme/{side.name}").id,
    "token": _token,
    "report": _report,
}
"""What makes an object of each kind in a side's project."""
