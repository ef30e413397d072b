"""What is frozen: PostgreSQL rows as of a moment, and gold's values as they are."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from kino_api.projects import create_project
from kino_core.database import Database
from kino_core.errors import InvalidInput, NotFound
from kino_core.gold import PORTFOLIO, MetricValue, Point, Scope
from kino_core.metrics import ScopeType, metric
from kino_core.periods import Grain, Period, parse_period
from kino_reports.freeze import freeze
from kino_reports.snapshot import Actors, ReportKind, ReportSnapshot
from tests.factories.events import agent_report
from tests.kino_reports.conftest import REPOSITORY, Tell

MONTH = parse_period("2026-09")
NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)


class FixedGold:
    """Gold that answers every question with the same hand-made value."""

    snapshot_id = 7

    def __init__(self, as_of: datetime = NOW, value: float | None = 12.0) -> None:
        self.as_of = as_of
        self._value = value

    def values(
        self, keys: Sequence[str], scopes: Sequence[Scope], period: Period, by: Grain | None = None, /
    ) -> dict[tuple[str, Scope], MetricValue]:
        parts = list(period.split(by)) if by else []
        return {
            (key, scope): MetricValue(
                metric=metric(key),
                scope=scope,
                period=period,
                value=self._value,
                n=12,
                coverage=0.5,
                lower=None,
                upper=None,
                as_of=self.as_of,
                snapshot_id=7,
                series=[Point(part.start, part.end, 3.0, 3) for part in parts],
            )
            for key in keys
            for scope in scopes
        }


def frozen(
    database: Database,
    scope: Scope = PORTFOLIO,
    period: Period = MONTH,
    *,
    gold: FixedGold | None = None,
    asked_at: datetime = NOW,
) -> ReportSnapshot:
    with database.read() as session:
        return freeze(session, gold or FixedGold(), ReportKind.QBR, scope, period, asked_at)


def test_projects_and_those_who_worked(database: Database, project_id: uuid.UUID) -> None:
    one = frozen(database, Scope(ScopeType.PROJECT, project_id))
    assert (one.scope_name, one.scope_id, one.lake_snapshot_id) == ("Kino & Söhne", project_id, 7)
    [project] = one.projects
    assert project.initiative == "Renewal"
    assert project.repositories == (REPOSITORY,)
    assert project.last_commit_on == date(2026, 9, 23)
    # Robin and Kim; Claude as co-author and claude-7, who reported; dependabot.
    assert project.actors == one.actors == Actors(humans=2, agents=2, automation=1)
    assert one.actors_before == Actors(0, 0, 0)


def test_blockers_open_at_the_periods_end(database: Database, project_id: uuid.UUID) -> None:
    [blocker] = frozen(database).blockers
    assert blocker.project == "Kino & Söhne"
    assert blocker.task == "KIN-4"
    assert blocker.agent == "claude-7"
    assert blocker.since == datetime(2026, 9, 20, 9, 30, tzinfo=UTC)
    assert "\x00" not in blocker.description
    assert blocker.description.startswith("Waits for credentials")


def test_what_was_known_at_an_earlier_moment(database: Database, project_id: uuid.UUID) -> None:
    then = datetime(2026, 9, 7, tzinfo=UTC)
    one = frozen(database, gold=FixedGold(then), asked_at=then)
    assert [blocker.description for blocker in one.blockers] == ["Resolved later"]
    assert one.projects[0].last_commit_on == date(2026, 9, 5)
    assert one.actors == Actors(humans=2, agents=1, automation=1)
    before_the_project = datetime(2025, 12, 31, tzinfo=UTC)
    assert frozen(database, gold=FixedGold(before_the_project), asked_at=before_the_project).projects == ()


def test_blockers_at_the_end_of_an_earlier_period(database: Database, project_id: uuid.UUID) -> None:
    week = frozen(database, period=parse_period("2026-09-01/2026-09-07"))
    assert [blocker.description for blocker in week.blockers] == ["Resolved later"]


def test_a_blocker_that_comes_back_counts_from_then(database: Database, project_id: uuid.UUID, tell: Tell) -> None:
    again = datetime(2026, 9, 12, tzinfo=UTC)
    tell([agent_report(project_id, "blocker_identified", again, task="KIN-3", blocker_id="b-1", description="Back")])
    found = {blocker.description: blocker.since for blocker in frozen(database).blockers}
    assert found["Back"] == again


def test_the_largest_pull_requests_without_automation(database: Database, project_id: uuid.UUID) -> None:
    merged = frozen(database).merged
    assert [found.number for found in merged] == [9, 5, 1]
    assert all(found.project == "Kino & Söhne" for found in merged)


def test_numbers_of_the_scope_and_of_each_project(database: Database, project_id: uuid.UUID) -> None:
    one = frozen(database)
    for holder in (one, one.projects[0]):
        number = holder.number("commits")
        assert (number.now.value, number.now.n, number.now.coverage) == (12.0, 12, 0.5)
        assert [step.start for step in number.steps] == [part.start for part in MONTH.split(Grain.WEEK)]
    assert len(one.number("commits").months) == 12
    assert one.number("commits").months[0].start == date(2025, 10, 1)
    assert one.projects[0].number("commits").months == ()


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_no_number_is_no_data(database: Database, project_id: uuid.UUID, value: float | None) -> None:
    assert frozen(database, gold=FixedGold(value=value)).number("commits").now.value is None


def test_a_running_period_ends_with_what_is_known(database: Database, project_id: uuid.UUID) -> None:
    one = frozen(database, period=parse_period("2026-Q4"))
    assert not one.complete
    assert one.last_day == date(2026, 11, 22)
    assert max(step.start for step in one.number("commits").steps) == date(2026, 11, 16)


def test_a_period_that_is_over_stays_over_however_old_the_lakes_last_change_is(
    database: Database, project_id: uuid.UUID
) -> None:
    quiet = FixedGold(as_of=datetime(2026, 9, 20, tzinfo=UTC))
    one = frozen(database, gold=quiet)
    assert one.complete
    assert one.last_day == date(2026, 9, 30)


def test_days_follow_the_projects_time_zone(database: Database, project_id: uuid.UUID, tell: Tell) -> None:
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.project SET time_zone = 'Pacific/Auckland'")
    late = datetime(2026, 8, 31, 13, tzinfo=UTC)
    tell([agent_report(project_id, "task_started", late, agent="codex-1", task="KIN-9")])
    assert frozen(database).actors.agents == 3


def test_a_portfolio_without_projects(database: Database) -> None:
    one = frozen(database)
    assert (one.projects, one.blockers, one.merged, one.actors) == ((), (), (), Actors(0, 0, 0))


def test_an_initiative_holds_its_projects_only(database: Database, project_id: uuid.UUID) -> None:
    with database.write() as session:
        other = create_project(session, "Elsewhere", "Other")
        session.exec_driver_sql("UPDATE kino.project SET created_at = '2026-01-01'")
        initiative = session.exec_driver_sql("SELECT initiative_id FROM kino.project WHERE id = %s", (project_id,))
        scope = Scope(ScopeType.INITIATIVE, initiative.scalar_one())
    one = frozen(database, scope)
    assert one.scope_name == "Renewal"
    assert [project.id for project in one.projects] == [project_id]
    assert {project.id for project in frozen(database).projects} == {project_id, other.id}


def test_scopes_that_no_report_has(database: Database) -> None:
    with pytest.raises(NotFound):
        frozen(database, Scope(ScopeType.PROJECT, uuid.uuid4()))
    with pytest.raises(InvalidInput):
        frozen(database, Scope(ScopeType.PERSON, uuid.uuid4()))
