"""`/reports`: the library, and a form that makes another."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.errors import SEE_OTHER
from dashboards.formats import period_name
from dashboards.forms import Fields, Form
from dashboards.site import Site, site_of
from dashboards.visitors import Visitor
from kino_api import report_jobs
from kino_api.jobs import Job, JobState
from kino_api.metrics import find_scope, project_of
from kino_api.permissions import Action, Permission, Resource, may_in_project, not_allowed, projects_allowed
from kino_api.portfolio import ProjectCard, list_projects
from kino_api.problems import problem_of
from kino_api.resources import resources_of
from kino_api.users import User
from kino_core.errors import InvalidInput, KinoError
from kino_core.gold import Scope
from kino_core.metrics import ScopeType
from kino_core.periods import Grain, Period, parse_period
from kino_reports.snapshot import ReportKind
from kino_reports.store import StoredReport, list_reports

router = APIRouter(include_in_schema=False)

MAKE = Permission(Resource.REPORT, Action.CREATE)
REPORTS_SHOWN = 50
KINDS = {ReportKind.QBR: "Quarterly business review", ReportKind.NEWSLETTER: "Newsletter"}
FORMATS = {ReportKind.QBR: ("html", "pdf", "pptx"), ReportKind.NEWSLETTER: ("html", "pdf")}
_KIBIBYTE = 1024


@dataclass(frozen=True)
class File:
    """One form of a report, to download."""

    format: str
    href: str
    size: str


@dataclass(frozen=True)
class Notice:
    """What became of the report that was asked for last; `waiting` while it is being made."""

    kind: str
    words: str
    waiting: bool = False


@router.get("/reports")
def reports(request: Request, visitor: Visitor, job: uuid.UUID | None = None) -> Response:
    """Show every report that was made; `job` is one that was asked for a moment ago."""
    asked = resources_of(request).jobs.get(job, visitor) if job else None
    return _page(request, visitor, _notice(asked) if asked else None)


@router.post("/reports")
def make(request: Request, visitor: Visitor, form: Form) -> Response:
    """Start making a report, and show that it is on its way."""
    try:
        kind, scope, period = _asked(request, visitor, form)
        if not may_in_project(visitor, MAKE, project_of(scope)):
            raise not_allowed(MAKE)
        formats = [each for each in form.all("formats") if each in FORMATS[kind]] or list(FORMATS[kind])
        resources = resources_of(request)
        job = resources.jobs.start(
            f"report {kind}",
            visitor.id,
            report_jobs.make,
            resources.settings,
            kind,
            scope,
            period,
            formats,
            visitor.id,
            request.state.request_id,
        )
    except KinoError as error:
        return _page(request, visitor, Notice("wrong", error.message), chosen=form, status=problem_of(error).status)
    return RedirectResponse(f"/reports?job={job.id}", SEE_OTHER)


def _asked(request: Request, visitor: User, form: Fields) -> tuple[ReportKind, Scope, Period]:
    try:
        kind = ReportKind(form["kind"])
        project = str(uuid.UUID(form["scope"])) if form["scope"] else None
    except ValueError as error:
        raise InvalidInput("Choose one of the reports and one of the projects.") from error
    with site_of(request).database.read() as session:
        scope = find_scope(session, visitor, {ScopeType.PROJECT: project})
    return kind, scope, parse_period(form["period"])


def _notice(job: Job) -> Notice:
    match job.state:
        case JobState.DONE:
            return Notice("done", "The report is ready.")
        case JobState.FAILED:
            return Notice("wrong", job.error or "The report could not be made. Try it again.")
        case _:
            return Notice("waiting", "The report is being made. It appears below in a few seconds.", waiting=True)


def _page(
    request: Request, visitor: Visitor, notice: Notice | None, *, chosen: Fields | None = None, status: int = 200
) -> Response:
    site = site_of(request)
    projects, stored = _read(site, visitor)
    today = datetime.now(UTC).date()
    return site.renderer.page(
        request,
        "reports.html",
        status=status,
        here="reports",
        user=visitor,
        here_url=str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
        notice=notice,
        form=_form(projects, today, chosen),
        reports=[_listed(each) for each in stored],
    )


def _read(site: Site, visitor: User) -> tuple[list[ProjectCard], list[StoredReport]]:
    with site.database.read() as session:
        allowed = projects_allowed(visitor, Permission(Resource.REPORT, Action.READ))
        return list_projects(session, visitor), list_reports(session, limit=REPORTS_SHOWN, scope_ids=allowed)


def _form(projects: list[ProjectCard], today: date, chosen: Fields | None) -> dict[str, Any]:
    return {
        "kinds": [{"value": kind.value, "label": label} for kind, label in KINDS.items()],
        "projects": projects,
        "periods": [{"value": str(period), "label": period_name(period)} for period in _periods(today)],
        "formats": FORMATS[ReportKind.QBR],
        "kind": chosen["kind"] if chosen else ReportKind.QBR.value,
        "scope": chosen["scope"] if chosen else "",
        "period": chosen["period"] if chosen else str(Period.of(Grain.QUARTER, today)),
    }


def _periods(today: date) -> Iterator[Period]:
    """Yield what a report may be about: the last quarters, then the last months, the running ones first."""
    for grain, count in ((Grain.QUARTER, 6), (Grain.MONTH, 6)):
        period = Period.of(grain, today)
        for _ in range(count):
            yield period
            period = period.previous()


def _listed(report: StoredReport) -> dict[str, Any]:
    return {
        "title": report.title,
        "period": period_name(parse_period(report.period)),
        "as_of": report.as_of,
        "created_at": report.created_at,
        "files": [
            File(
                format=form,
                href=f"/api/v1/reports/{report.id}/download?format={form}",
                size=f"{max(1, round(file.bytes / _KIBIBYTE)):,} KB",
            )
            for form, file in sorted(report.files.items())
        ],
    }
