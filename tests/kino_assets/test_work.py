"""The flow of work: hand-computed numbers."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from kino_assets.refresh import LakeWriter
from kino_core.events import Event, agent_key
from kino_core.gold import PORTFOLIO, MetricValue, Scope, open_gold
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, parse_period
from kino_core.settings import Settings
from tests.factories.events import agent_report, blocker_resolved, project_deleted
from tests.factories.plans import account_linked, item_deleted, item_told, project_told

MAY = datetime(2026, 5, 10, 12, tzinfo=UTC)
ADA, GRACE, GRACE_IN_GIT, GROWTH = (uuid.uuid4() for _ in range(4))
CLAUDE = agent_key("claude-7")
Land = Callable[[Sequence[Event]], None]
Ask = Callable[..., MetricValue]


def on(day: float) -> datetime:
    return MAY + timedelta(days=day)


def days(value: Ask, key: str, period: str, scope: Scope | None = None) -> list[float | None]:
    """Return the value of each day."""
    return [
        point.value if point.value is None else round(point.value, 4)
        for point in value(key, period, scope, by=Grain.DAY).series
    ]


def plan(project_id: uuid.UUID) -> list[Event]:
    """Return what became of six items of a project, from the tenth of May (day 0) on.

    | item | is assigned to | day by day                                                                  |
    | ---- | -------------- | --------------------------------------------------------------------------- |
    | A    | Ada            | 0 added, 1 in progress, 3 done                                              |
    | B    | claude-7       | 0 added, 2 its task started, 2.25 completed                                 |
    | C    |                | 0 added, 4 done although nobody said that it began, 10 deleted              |
    | D    | Grace          | 2 added, 5 cancelled                                                        |
    | E    | claude-7       | 6 added, 7 its task started, 8 blocked, 8.25 no more, 11 done, 12 taken up  |
    | F    |                | 6 added, 9 deleted                                                          |
    """
    a, b, c, d, e, f = (uuid.uuid4() for _ in range(6))
    return [
        item_told(project_id, a, on(0), created=True, key="KIN-1", user=ADA),
        item_told(project_id, a, on(1), key="KIN-1", user=ADA, said="IN_PROGRESS"),
        item_told(project_id, a, on(3), key="KIN-1", user=ADA, said="DONE"),
        item_told(project_id, b, on(0), created=True, key="KIN-2", agent=CLAUDE),
        agent_report(project_id, "task_started", on(2), task="kin-2"),
        agent_report(project_id, "task_completed", on(2.25), task="KIN-2"),
        item_told(project_id, c, on(0), created=True),
        item_told(project_id, c, on(4), said="DONE"),
        item_deleted(project_id, c, on(10)),
        item_told(project_id, d, on(2), created=True, key="KIN-4", user=GRACE),
        item_told(project_id, d, on(5), key="KIN-4", user=GRACE, said="CANCELLED"),
        item_told(project_id, e, on(6), created=True, key="KIN-5", agent=CLAUDE),
        agent_report(project_id, "task_started", on(7), task=str(e)),
        agent_report(project_id, "blocker_identified", on(8), task="KIN-5", description="no key"),
        blocker_resolved(project_id, "KIN-5", on(8.25)),
        item_told(project_id, e, on(11), key="KIN-5", agent=CLAUDE, said="DONE"),
        item_told(project_id, e, on(12), key="KIN-5", agent=CLAUDE, said="IN_PROGRESS"),
        item_told(project_id, f, on(6), created=True),
        item_deleted(project_id, f, on(9)),
    ]


def test_the_flow_of_work(
    landed: Land, project_id: uuid.UUID, writer: LakeWriter, value: Ask, settings: Settings
) -> None:
    tokyo, gone, g, h, i = (uuid.uuid4() for _ in range(5))
    landed([*plan(project_id), account_linked(GRACE, GRACE_IN_GIT, on(1))])
    landed(
        [
            # Its first day, the twelfth, begins on the eleventh at 15:00 UTC, and ends a day later.
            project_told(
                tokyo, on(-9), created=True, start=date(2026, 5, 12), time_zone="Asia/Tokyo", initiative_id=GROWTH
            ),
            item_told(tokyo, g, on(0), created=True, user=GRACE),
            item_told(tokyo, h, datetime(2026, 5, 12, 14, 59, tzinfo=UTC), created=True),
            item_told(tokyo, i, datetime(2026, 5, 12, 15, tzinfo=UTC), created=True),
            item_told(tokyo, g, datetime(2026, 5, 13, 12, tzinfo=UTC), user=GRACE, said="IN_PROGRESS"),
            item_told(tokyo, g, datetime(2026, 5, 13, 15, 30, tzinfo=UTC), user=GRACE, said="DONE"),
            project_told(gone, on(0), created=True),
            item_told(gone, uuid.uuid4(), on(0), created=True, said="DONE"),
            project_deleted(gone),
        ]
    )
    writer.refresh(everything=True)

    first = "2026-05-09/2026-05-16"
    assert days(value, "progress", first) == [None, 0, 0, 0.25, 0.5, 0.75, 1, 0.6]
    assert days(value, "progress", "2026-05-17/2026-05-22") == [0.6, 0.6, 0.75, 0.6667, 1, 0.6667]
    assert days(value, "work_in_progress", first) == [None, 0, 1, 1, 0, 0, 0, 0]
    assert days(value, "work_in_progress", "2026-05-17/2026-05-22") == [1, 1, 1, 1, 0, 1]
    # Three items when the first day ended; D came and went, E and F came, F and C went.
    assert days(value, "scope_change", first) == [None, 0, 0, 0.3333, 0.3333, 0.3333, 0, 0.6667]
    assert days(value, "scope_change", "2026-05-17/2026-05-22") == [0.6667, 0.6667, 0.3333, 0, 0, 0]
    assert value("progress", "2026-Q2").value == pytest.approx(2 / 3), "C is gone, D is cancelled, E is taken up again"
    # C still counts, deleted as it is; E was done once, and is so no more.
    assert days(value, "throughput", "2026-05-11/2026-05-14") == [None, 1, 1, 1]
    assert [value("throughput", month).value for month in ("2026-04", "2026-05", "2026-06")] == [None, 3, 0]
    cycle = value("scope_cycle_time", "2026-05")
    assert (cycle.value, cycle.p90, cycle.n, cycle.coverage) == (27, pytest.approx(43.8), 2, pytest.approx(2 / 3))
    assert value("scope_cycle_time", "2026-05-14/2026-05-14").value is None, "nobody knows when C began"
    assert value("scope_cycle_time", "2026-05-12/2026-05-13").value == 27

    there = Scope(ScopeType.PROJECT, tokyo)
    assert days(value, "scope_change", "2026-05-11/2026-05-13", there) == [None, 0, 0.5]
    assert days(value, "throughput", "2026-05-13/2026-05-14", there) == [None, 1], "there it is the fourteenth"
    assert days(value, "throughput", "2026-05-13/2026-05-14", Scope(ScopeType.INITIATIVE, GROWTH)) == [1, 0]
    assert days(value, "progress", "2026-05-10/2026-05-13", there) == [0, 0, 0, 0]
    assert value("progress", "2026-05", there).value == pytest.approx(1 / 3)
    assert value("scope_cycle_time", "2026-05", there).value == 3.5
    assert value("throughput", "2026-05", PORTFOLIO).value == 4, "what belonged to a deleted project counts nowhere"
    assert value("progress", "2026-05", PORTFOLIO).value == 0.5

    ada, grace = (Scope(ScopeType.PERSON, person) for person in (ADA, GRACE_IN_GIT))
    claude = Scope(ScopeType.AGENT, CLAUDE)
    assert [value("throughput", "2026-05", who).value for who in (ada, grace, claude)] == [1, 1, 1]
    assert [value("scope_cycle_time", "2026-05", who).value for who in (ada, grace, claude)] == [48, 3.5, 6]
    assert [value("work_in_progress", "2026-05", who).value for who in (ada, grace, claude)] == [0, 0, 1]
    assert value("throughput", "2026-05", Scope(ScopeType.PERSON, GRACE)).value is None

    with open_gold(settings) as gold:
        found = gold.explain("progress", Scope(ScopeType.PROJECT, project_id), parse_period("2026-05-12/2026-05-12"))
    assert [(each.entity, each.numerator, each.denominator) for each in found[-3:]] == [
        ("item KIN-2", 0, 0),
        ("item KIN-4", 0, 1),
        ("item KIN-2", 1, 0),
    ]
    assert len(found) == 7, "the changes of the days before too"
