"""Made-up portfolios in a Kino: their projects made like any other, their events landed like any other."""

from dataclasses import dataclass

from kino_api.initiatives import delete_initiative, find_initiative
from kino_api.project_lifecycle import delete_project
from kino_api.projects import create_project, find_project
from kino_api.repositories import connect_repository
from kino_api.scope_items import create_item
from kino_cli.output import progress, say
from kino_core.database import WRITER_IDLE_TRANSACTION_MS, Database, WriteSession, query
from kino_core.errors import Conflict
from kino_core.settings import Settings
from kino_ingest.backfill import BackfillCount, backfill
from kino_ingest.simulation import Plan, PlannedProject, simulated_events

STATEMENT_TIMEOUT_MS = 60_000


class SimulationRemoved(Conflict):
    """The projects of this simulation were deleted; their ids are not used again."""

    code = "SIMULATION_REMOVED"


@dataclass(frozen=True)
class Added:
    """What a made-up portfolio brought in."""

    projects: list[str]
    landed: BackfillCount


def open_database(settings: Settings) -> Database:
    """Return sessions for long work; close them."""
    return Database(
        settings.database_url,
        pool_max=2,
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        idle_transaction_ms=WRITER_IDLE_TRANSACTION_MS,
    )


def add_portfolio(database: Database, plan: Plan, initiative: str | None = None) -> Added:
    """Make the plan's projects where they are missing, and land its events; again changes nothing.

    Raises as make_projects.
    """
    projects = make_projects(database, plan, initiative)
    with progress() as display:
        landing = display.add_task("Landing events", total=plan.events)
        landed = backfill(
            database,
            simulated_events(plan),
            on_rejected=say,
            on_landed=lambda number: display.advance(landing, number),
        )
    return Added(projects, landed)


def make_projects(database: Database, plan: Plan, initiative: str | None = None) -> list[str]:
    """Make the plan's projects where they are missing, and return their names.

    Raises SimulationRemoved, or ProjectExists when something else has the name of one of them.
    """
    projects = []
    with progress() as display:
        making = display.add_task("Making projects", total=plan.projects)
        for planned in plan.portfolio():
            with database.write() as session:
                _ensure(session, planned, initiative)
            projects.append(planned.name)
            display.advance(making)
    return projects


def remove_portfolio(database: Database, initiative: str) -> int:
    """Delete every made-up project, and the initiative if nothing else is in it; returns how many projects it were."""
    with database.read() as session:
        found = query(session, "SELECT id FROM kino.project WHERE deleted_at IS NULL AND sample ORDER BY name")
    with progress() as display:
        removing = display.add_task("Removing projects", total=len(found))
        for row in found:
            with database.write() as session:
                delete_project(session, row.id)
            display.advance(removing)
    with database.write() as session:
        _remove_initiative(session, initiative)
    return len(found)


def _remove_initiative(session: WriteSession, name: str) -> None:
    found = find_initiative(session, name)
    if found is None:
        return
    others = query(
        session,
        "SELECT FROM kino.project WHERE initiative_id = :id AND deleted_at IS NULL LIMIT 1",
        id=found.id,
    )
    if not others:
        delete_initiative(session, found.id)


def _ensure(session: WriteSession, planned: PlannedProject, initiative: str | None) -> None:
    if find_project(session, planned.id) is None:
        _make(session, planned, initiative)
    connect_repository(session, planned.id, planned.repository)


def _make(session: WriteSession, planned: PlannedProject, initiative: str | None) -> None:
    if query(session, "SELECT FROM kino.project WHERE id = :id", id=planned.id):
        raise SimulationRemoved(
            f"{planned.name} of this very simulation was deleted before, and what is deleted stays so. "
            "Simulate with another seed."
        )
    create_project(
        session,
        planned.name,
        initiative,
        description="Made up: nobody works here.",
        start_date=planned.start_date,
        end_date=planned.end_date,
        time_zone=planned.time_zone,
        sample=True,
        project_id=planned.id,
    )
    for item in planned.items:
        create_item(session, planned.id, {"key": item.key, "title": item.title}, created_at=item.planned_at)
