"""A project with a history on the test's own database, landed and folded as in production."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from kino_api.projects import create_project
from kino_api.repositories import connect_repository
from kino_core.database import Database
from kino_core.events import Event
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from tests.factories.events import CLAUDE, DEPENDABOT, OTHER_HUMAN, agent_report, commit

REPOSITORY = "octo/kino"
SEPTEMBER = datetime(2026, 9, 1, 12, tzinfo=UTC)

Tell = Callable[[Sequence[Event]], None]


@pytest.fixture
def tell(database: Database) -> Tell:
    """Land events and fold them."""
    return partial(_land_and_fold, database)


@pytest.fixture
def project_id(database: Database) -> uuid.UUID:
    """The project `Kino & Söhne` with a month of commits, merged pull requests and an agent's reports."""
    return tell_of_a_project(database)


def tell_of_a_project(database: Database) -> uuid.UUID:
    """Make `Kino & Söhne`, land and fold its month, and return its id."""
    with database.write() as session:
        made = create_project(session, "Kino & Söhne", "Renewal")
        connect_repository(session, made.id, REPOSITORY)
        session.exec_driver_sql("UPDATE kino.project SET created_at = '2026-01-01'")
    _land_and_fold(database, [*history(made.id), *reports(made.id)])
    return made.id


def _land_and_fold(database: Database, events: Sequence[Event]) -> None:
    with database.write() as session:
        land(session, events)
    while fold_pending(database):
        fold_next(database)


def history(project_id: uuid.UUID) -> list[Event]:
    """Return 12 commits of September 2026: 9 by two people (3 with Claude), 3 by automation; 6 merge a pull request."""
    people = [("Robin", "robin@example.org"), OTHER_HUMAN, DEPENDABOT, ("Robin", "robin@example.org")]
    return [
        commit(
            REPOSITORY,
            f"{place:040x}",
            SEPTEMBER + timedelta(days=2 * place),
            author=people[place % 4],
            co_authors=(CLAUDE,) if place % 4 == 3 else (),
            subject=f"Improve part {place} (#{place + 1})" if place % 2 == 0 else f"Prepare part {place}",
            files=(("a.py", 10 * place, place),),
            project_id=project_id,
        )
        for place in range(12)
    ]


def reports(project_id: uuid.UUID) -> list[Event]:
    """Return an agent's month: a task done, tests, a blocker resolved, one closed by its task, one still open."""

    def at(day: int) -> datetime:
        return datetime(2026, 9, day, 9, 30, tzinfo=UTC)

    return [
        agent_report(project_id, "task_started", at(2), task="KIN-1"),
        agent_report(project_id, "blocker_identified", at(3), task="KIN-1", description="Closed by its task"),
        agent_report(project_id, "task_completed", at(4), task="KIN-1"),
        agent_report(project_id, "test_execution", at(5), task="KIN-2", passed=19, failed=1),
        agent_report(
            project_id, "blocker_identified", at(6), task="KIN-3", blocker_id="b-1", description="Resolved later"
        ),
        agent_report(project_id, "blocker_identified", at(8), task="KIN-3", blocker_id="b-1", resolved=True),
        agent_report(
            project_id, "blocker_identified", at(20), task="KIN-4", description="Waits for\tcredentials\x00 of staging"
        ),
    ]
