"""Open blockers: the lake, the pages and the reports count the same ones."""

import uuid
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kino_assets.refresh import LakeWriter
from kino_core.database import Database, query
from kino_core.events import Event, Source, agent_key
from kino_core.gold import Scope, open_gold
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, parse_period
from kino_core.settings import Settings
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from kino_reports.rows import open_blockers
from tests.factories.events import agent_report, blocker_resolved, project_created

MAY = datetime(2026, 5, 10, 12, tzinfo=UTC)
AGENTS = ("claude-7", "worker-1")


def at(day: float) -> datetime:
    return MAY + timedelta(days=day)


def _story(database: Database, project_id: uuid.UUID, events: list[Event]) -> None:
    """Let the events happen: land and fold them, and store what people did as the API does."""
    with database.write() as session:
        query(
            session,
            "INSERT INTO kino.project (id, name, created_at, updated_at) VALUES (:id, :name, now(), now()) RETURNING 1",
            id=project_id,
            name=str(project_id),
        )
        land(session, [project_created(project_id, str(project_id)), *events])
        for event in (each for each in events if each.source is Source.KINO):
            query(
                session,
                "INSERT INTO kino.blocker_resolution (project_id, blocker_id, occurred_at)"
                " VALUES (:project_id, :blocker_id, :at) ON CONFLICT DO NOTHING RETURNING 1",
                project_id=project_id,
                blocker_id=event.body["blocker_id"],
                at=event.occurred_at,
            )
    while fold_pending(database):
        fold_next(database)


def _open(database: Database, project_id: uuid.UUID, moment: datetime) -> int:
    with database.read() as session:
        return len(open_blockers(session, {project_id: "Kino"}, moment))


def test_a_blocker_is_taken_off_the_agent_that_it_was_counted_for(
    database: Database, writer: LakeWriter, settings: Settings
) -> None:
    project_id = uuid.uuid4()
    events = [
        agent_report(project_id, "blocker_identified", at(1), agent="claude-7", blocker_id="a", description="x"),
        agent_report(project_id, "blocker_identified", at(2), agent="worker-1", blocker_id="a", resolved=True),
        agent_report(project_id, "blocker_identified", at(3), agent="claude-7", blocker_id="b", description="x"),
        blocker_resolved(project_id, "b", at(4)),
        agent_report(project_id, "blocker_identified", at(5), agent="worker-1", blocker_id="c", description="x"),
    ]
    _story(database, project_id, events)
    writer.refresh(everything=True)
    with open_gold(settings) as gold:
        values = {
            name: gold.value("blockers_open", Scope(ScopeType.AGENT, agent_key(name)), parse_period("2026-05")).value
            for name in AGENTS
        }
    assert values == {"claude-7": 0, "worker-1": 1}


def test_a_task_closes_no_blocker_that_it_reports_only_later(
    database: Database, writer: LakeWriter, settings: Settings
) -> None:
    project_id = uuid.uuid4()
    events = [
        agent_report(project_id, "blocker_identified", at(1), task="A", blocker_id="b", description="x"),
        agent_report(project_id, "task_completed", at(3), task="B"),
        agent_report(project_id, "blocker_identified", at(5), task="B", blocker_id="b", resolved=True),
    ]
    _story(database, project_id, events)
    writer.refresh(everything=True)
    with open_gold(settings) as gold:
        scope = Scope(ScopeType.PROJECT, project_id)
        found = gold.value("blockers_open", scope, parse_period("2026-05-10/2026-05-16"), Grain.DAY)
    assert [point.value or 0 for point in found.series] == [0, 1, 1, 1, 1, 0, 0]
    assert [_open(database, project_id, at(day + 0.5)) for day in range(7)] == [0, 1, 1, 1, 1, 0, 0]


@st.composite
def histories(draw: st.DrawFn) -> tuple[uuid.UUID, list[Event]]:
    """Return what agents and people told of the blockers of a project, some of it at the same moments."""
    project_id = uuid.uuid4()
    tasks, blockers = st.sampled_from(["A", "B"]), st.sampled_from(["A", "B", "b"])
    events: list[Event] = []
    for _ in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from(["reported", "reported", "resolved", "completed", "closed"]))
        day, task = draw(st.integers(0, 6)), draw(tasks)
        data: dict[str, object] = draw(st.sampled_from([{}, {"blocker_id": "b"}]))
        agent = draw(st.sampled_from(AGENTS))
        if kind == "closed":
            events.append(blocker_resolved(project_id, draw(blockers), at(day)))
        elif kind == "completed":
            events.append(agent_report(project_id, "task_completed", at(day), task=task, agent=agent))
        else:
            data |= {"resolved": kind == "resolved", "description": "x"}
            report = agent_report(project_id, "blocker_identified", at(day), task=task, agent=agent)
            events.append(msgspec.structs.replace(report, body=report.body | {"data": data}))
    return project_id, events


@examples(max_examples=2)
@given(stories=st.lists(histories(), min_size=3, max_size=6))
def test_pages_reports_and_the_lake_count_the_same_open_blockers(
    stories: list[tuple[uuid.UUID, list[Event]]], database: Database, writer: LakeWriter, settings: Settings
) -> None:
    for project_id, events in stories:
        _story(database, project_id, events)
    # What costs time is the refresh: one for all the projects.
    writer.refresh(everything=True)
    week = parse_period("2026-05-10/2026-05-16")
    scopes = [Scope(ScopeType.PROJECT, project_id) for project_id, _ in stories]
    with open_gold(settings) as gold:
        values = gold.values(["blockers_open"], scopes, week, Grain.DAY)
    for scope, (project_id, events) in zip(scopes, stories, strict=True):
        told = [point.value or 0 for point in values["blockers_open", scope].series]
        assert told == [_open(database, project_id, at(day + 0.5)) for day in range(7)], events
