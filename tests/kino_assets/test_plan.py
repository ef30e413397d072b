"""What people plan and agents move: the lake's facts are the operational tables, row by row."""

import random
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import insert

from kino_api.blocker_resolution import resolve_blocker
from kino_api.dependencies import End, add_dependency, delete_dependency
from kino_api.project_lifecycle import archive_project, delete_project, unarchive_project
from kino_api.project_updates import change_update, delete_update, submit_update
from kino_api.projects import ProjectStatus, change_project, create_project
from kino_api.scope_item_rules import AssigneeType, ItemStatus
from kino_api.scope_items import change_item, create_item, delete_item, list_items
from kino_api.scope_order import reorder_items
from kino_api.user_accounts import change_user
from kino_api.users import Role, User
from kino_assets.refresh import LakeWriter
from kino_core.database import Database, WriteSession, query
from kino_core.errors import KinoError
from kino_core.events import agent_key
from kino_core.lake import connect_lake
from kino_core.settings import Settings
from kino_core.tables import agent, person, project_member, user
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from tests.factories.events import agent_report

KEYS = ["KIN-1", "kin-1", "KIN-2", "ÄRGER-3", None]
TASKS = ["KIN-1", "kin-1", "KIN-2", "ärger-3", "NO-ITEM"]
DAYS = [None, date(2026, 3, 1), date(2026, 3, 20)]


@dataclass
class Team:
    """Three projects, and who changes what is in them at random; `random` decides, so that a seed tells it all."""

    database: Database
    random: random.Random
    ada: User = field(default_factory=lambda: User(uuid.uuid4(), f"{uuid.uuid4().hex}@example.com", "Ada", Role.ADMIN))
    projects: list[uuid.UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        now, ada = datetime.now(UTC), self.ada
        with self.database.write() as session:
            session.execute(
                insert(user).values(id=ada.id, email=ada.email, name="Ada", role="ADMIN", password_hash="x")
            )
            for zone in ("UTC", "Asia/Tokyo", "UTC"):
                made = create_project(session, uuid.uuid4().hex, time_zone=zone)
                self.projects.append(made.id)
                session.execute(insert(project_member).values(project_id=made.id, user_id=ada.id, role="MEMBER"))
        self._seen_at = {"first_seen_at": now, "last_seen_at": now, "last_event_type": "task_started"}
        with suppress(Exception), self.database.write() as session:
            session.execute(insert(agent).values(id=agent_key("a"), name="a", agent_type="OTHER", **self._seen_at))

    def act(self, count: int) -> None:
        """Do some things at random; what the rules forbid is not done."""
        for _ in range(count):
            one = self.random.choice(_ACTIONS)
            with suppress(KinoError), self.database.write() as session:
                one(self, session, self.pick(self.projects))
            if self.random.random() < 0.2:
                self.fold()

    def fold(self) -> None:
        while fold_pending(self.database):
            fold_next(self.database)

    def pick(self, choices: Any) -> Any:  # noqa: ANN401 - one of whatever they are
        return self.random.choice(choices)


Action = Callable[[Team, WriteSession, uuid.UUID], object]


def _item(team: Team) -> dict[str, Any]:
    start, end = sorted([team.pick(DAYS[1:]), team.pick(DAYS[1:])])
    kind, whom = team.pick([(None, None), (AssigneeType.USER, team.ada.id), (AssigneeType.AGENT, agent_key("a"))])
    return {
        "key": team.pick(KEYS),
        "status": team.pick(list(ItemStatus)),
        "start_date": team.pick([start, None]),
        "end_date": team.pick([end, None]),
        "assignee_type": kind,
        "assignee_id": whom,
    }


def _create_item(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    create_item(session, project_id, {"title": "Some", **_item(team)})


def _change_item(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    items = list_items(session, project_id)
    changes = _item(team)
    if items:
        some = team.random.sample(sorted(changes), 2)
        change_item(session, project_id, team.pick(items).id, {name: changes[name] for name in some})


def _say_status(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    if items := list_items(session, project_id):
        change_item(session, project_id, team.pick(items).id, {"status": team.pick(list(ItemStatus))})


def _delete_item(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    if items := list_items(session, project_id):
        delete_item(session, project_id, team.pick(items).id)


def _reorder(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    items = [item.id for item in list_items(session, project_id)]
    reorder_items(session, project_id, team.random.sample(items, len(items)))


def _report(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    kinds = ["task_started", "task_completed", "blocker_identified", "blocker_identified", "code_commit"]
    data = team.pick([{}, {}, {"blocker_id": "b"}, {"resolved": True}, {"blocker_id": "b", "resolved": True}])
    tasks = [*TASKS, *(str(item.id) for item in list_items(session, project_id))]
    # Its clock may be ahead, and what it tells may be late.
    at = datetime.now(UTC) + timedelta(seconds=team.random.randint(-3, 3))
    land(session, [agent_report(project_id, team.pick(kinds), at, agent="a", task=team.pick(tasks), **data)])


def _resolve(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    resolve_blocker(session, project_id, team.pick(["b", *TASKS]))


def _change_project(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    changes = {
        "status": team.pick([None, *ProjectStatus]),
        "start_date": team.pick(DAYS),
        "end_date": date(2026, 4, 1),
        "time_zone": team.pick(["UTC", "Asia/Tokyo"]),
    }
    change_project(session, project_id, {name: changes[name] for name in team.random.sample(sorted(changes), 2)})


def _end(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    if project_id == team.projects[-1]:
        delete_project(session, project_id)
    archive_project(session, project_id)


def _reopen(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    unarchive_project(session, project_id)


def _write(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    written = {"overall_status": team.pick(list(ProjectStatus)), "achievements": "x", "challenges": "", "notes": ""}
    period = team.pick(["2026-W10", "2026-W11", "2026-W12"])
    submit_update(session, team.ada, project_id, {**written, "planned_work": "", "period": period})


def _rewrite(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    written = query(session, "SELECT id FROM kino.project_update WHERE project_id = :id ORDER BY id", id=project_id)
    if written and team.random.random() < 0.5:
        changes = {"overall_status": team.pick(list(ProjectStatus)), "period": "2026-W13"}
        change_update(session, team.ada, project_id, team.pick(written).id, changes)
    elif written:
        delete_update(session, team.ada, project_id, team.pick(written).id)


def _depend(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    ends = [End(each, team.pick([None, *(i.id for i in list_items(session, each))])) for each in team.projects]
    add_dependency(session, team.ada, *team.random.sample(ends, 2))


def _undepend(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    found = query(session, "SELECT id FROM kino.dependency WHERE project_id = :id ORDER BY id", id=project_id)
    if found:
        delete_dependency(session, team.ada, project_id, team.pick(found).id)


def _link(team: Team, session: WriteSession, project_id: uuid.UUID) -> None:
    known = query(session, "SELECT id FROM kino.person ORDER BY id LIMIT 2")
    change_user(session, "secret", team.ada.id, {"person_id": team.pick([None, *(each.id for each in known)])})


_ACTIONS: list[Action] = [
    *[_create_item, _change_item, _say_status, _report, _report, _report] * 4,
    *[_delete_item, _reorder, _resolve, _resolve, _change_project, _change_project, _write, _write, _rewrite],
    *[_depend, _depend, _undepend, _link, _end],
    *[_reopen] * 6,
]

_SAME = {
    "scope items": (
        "SELECT item_id, project_id, key, status, added_at, started_at, completed_at, start_date, end_date, agent_id,"
        " person_id FROM lake.silver.scope_item WHERE removed_at IS NULL",
        "SELECT item.id, project_id, key, status, item.created_at, started_at, completed_at, start_date, end_date,"
        " CASE WHEN assignee_type = 'AGENT' THEN assignee_id END,"
        " CASE WHEN assignee_type = 'USER' THEN coalesce(person_id, assignee_id) END"
        ' FROM kino.scope_item AS item LEFT JOIN kino."user" ON "user".id = assignee_id',
    ),
    "their last change": (
        "SELECT item_id, last.status, last.started_at FROM (SELECT item_id, arg_max({'status': status,"
        " 'started_at': started_at}, occurred_at) AS last FROM lake.silver.scope_change GROUP BY item_id)"
        " WHERE last.status <> 'REMOVED'",
        "SELECT id, status, started_at FROM kino.scope_item",
    ),
    "how many there are": (
        "SELECT project_id, sum(scope)::BIGINT, sum(completed)::BIGINT, sum(in_progress)::BIGINT"
        " FROM lake.silver.scope_change GROUP BY project_id HAVING count(*) FILTER (status = 'REMOVED') < count(*)"
        " AND sum(scope) + sum((status = 'CANCELLED')::INTEGER) <> 0 AND sum(scope) <> 0",
        "SELECT project_id, count(*) FILTER (WHERE status <> 'CANCELLED'), count(*) FILTER (WHERE status = 'DONE'),"
        " count(*) FILTER (WHERE status IN ('IN_PROGRESS', 'BLOCKED')) FROM kino.scope_item GROUP BY project_id"
        " HAVING count(*) FILTER (WHERE status <> 'CANCELLED') > 0",
    ),
    "projects": (
        "SELECT project_id, start_date, end_date, archived FROM lake.silver.project",
        "SELECT id, start_date, end_date, archived_at IS NOT NULL FROM kino.project WHERE deleted_at IS NULL",
    ),
    "their statuses": (
        "SELECT DISTINCT ON (project_id) project_id, status FROM lake.silver.project_status"
        " ORDER BY project_id, told_at DESC, event_id DESC",
        "SELECT id, status FROM kino.project",
    ),
    "updates": (
        "SELECT update_id, project_id, period_start, period_end, overall_status, written_at"
        " FROM lake.silver.project_update WHERE removed_at IS NULL",
        "SELECT id, project_id, period_start, period_end, overall_status, submitted_at FROM kino.project_update",
    ),
    "dependencies": (
        "SELECT dependency_id, project_id, item_id, depends_on_project_id, depends_on_item_id, added_at"
        " FROM lake.silver.dependency WHERE removed_at IS NULL",
        "SELECT id, project_id, item_id, depends_on_project_id, depends_on_item_id, created_at FROM kino.dependency",
    ),
}


def _compare(database: Database, settings: Settings) -> None:
    lake = connect_lake(settings, read_only=True)
    try:
        for what, (in_lake, in_postgres) in _SAME.items():
            with database.read() as session:
                wanted = {tuple(row) for row in query(session, in_postgres)}
            assert set(lake.execute(in_lake).fetchall()) == wanted, what
    finally:
        lake.close()


# There is nothing to shrink about a seed.
@examples(max_examples=2, phases=[Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_the_lake_holds_what_the_operational_tables_hold(
    seed: int, database: Database, writer: LakeWriter, settings: Settings
) -> None:
    with database.write() as session:
        seen = {"first_seen_at": datetime.now(UTC), "last_seen_at": datetime.now(UTC)}
        session.execute(insert(person).values(id=uuid.uuid4(), name="Ada", kind="human", **seen))
    teams = [Team(database, random.Random(seed + number)) for number in range(2)]
    # What costs time is the refresh: two for all the teams. That it is what a full one gives, test_any_order looks at.
    for _ in range(2):
        for team in teams:
            team.act(40)
        teams[0].fold()
        writer.refresh(everything=True)
        _compare(database, settings)
