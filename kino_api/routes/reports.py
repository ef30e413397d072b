"""Reports over HTTP: the library, its files, and making one."""

import uuid
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import ConfigDict, Field

from kino_api import report_jobs
from kino_api.authentication import CurrentUser, reading, writing
from kino_api.fields import PeriodName
from kino_api.guarded_route import guarded_router
from kino_api.jobs import Job
from kino_api.metrics import find_scope, project_of
from kino_api.permissions import Action, Permission, Resource, may_in_project, not_allowed, projects_allowed
from kino_api.resources import resources_of
from kino_api.shapes import (
    DEFAULT_LIMIT,
    Body,
    CursorText,
    Limit,
    Page,
    not_both,
    page_of,
    pair_cursor,
)
from kino_core.audit import record
from kino_core.metrics import ScopeType
from kino_core.periods import parse_period
from kino_reports.snapshot import ReportKind
from kino_reports.store import StoredReport, find_report, list_reports, report_file

router = guarded_router("/api/v1/reports", "reports")
jobs_router = guarded_router("/api/v1/jobs", "reports")

MAKE = Permission(Resource.REPORT, Action.CREATE)

Format = Literal["html", "pdf", "pptx", "text"]

_TYPES = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "text": "text/plain; charset=utf-8",
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES.values()}}
}
# A report is a document, not a part of Kino: whatever it holds, it acts for nobody.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"


NameOrId = Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]


class ReportScope(Body):
    """Whose report; a project or initiative by name or id, the whole portfolio when both are left out."""

    model_config = ConfigDict(json_schema_extra=not_both("project", "initiative"))

    project: NameOrId | None = None
    initiative: NameOrId | None = None


class NewReport(Body):
    """What to report on."""

    kind: ReportKind
    period: PeriodName
    scope: ReportScope = ReportScope()
    formats: Annotated[list[Format] | None, Field(max_length=10, description="All of the kind's when left out.")] = None


@router.get("")
def show(
    request: Request, user: CurrentUser, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[StoredReport]:
    """List reports, the newest first."""
    with reading(request) as session:
        projects = projects_allowed(user, Permission(Resource.REPORT, Action.READ))
        found = list_reports(session, limit=limit + 1, before=pair_cursor(cursor), scope_ids=projects)
    return page_of(found, limit, lambda each: (each.created_at, each.id))


@router.post("", status_code=202)
def create(request: Request, user: CurrentUser, body: NewReport, response: Response) -> Job:
    """Have a report made; the job tells when it is there."""
    resources = resources_of(request)
    period = parse_period(body.period)
    named = {ScopeType.PROJECT: body.scope.project, ScopeType.INITIATIVE: body.scope.initiative}
    with resources.database.read() as session:
        scope = find_scope(session, user, named)
        if not may_in_project(user, MAKE, project_of(scope)):
            raise not_allowed(MAKE)
    formats = [str(each) for each in body.formats] if body.formats else None
    job = resources.jobs.start(
        f"report {body.kind}",
        user.id,
        report_jobs.make,
        resources.settings,
        body.kind,
        scope,
        period,
        formats,
        user.id,
        request.state.request_id,
    )
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job


@router.get("/{report_id}")
def get(request: Request, user: CurrentUser, report_id: uuid.UUID) -> StoredReport:
    """Return a report's facts and the files that were made of it."""
    with reading(request) as session:
        return find_report(session, report_id)


@router.get("/{report_id}/download", response_class=FileResponse, responses=_FILES)
def download(
    request: Request, user: CurrentUser, report_id: uuid.UUID, format: Annotated[Format, Query()] = "pdf"
) -> Response:
    """Return one file of a report."""
    resources = resources_of(request)
    with writing(request) as session:
        found = find_report(session, report_id)
        path = report_file(resources.settings, found, format)
        project_id = found.scope_id if found.scope_type == ScopeType.PROJECT else None
        record(session, "EXPORT", "report", report_id, project_id=project_id, details={"format": format})
    return FileResponse(
        path,
        media_type=_TYPES[format],
        headers={"Content-Disposition": attachment(path.name), "Content-Security-Policy": _SANDBOX},
    )


@jobs_router.get("/{job_id}")
def job(request: Request, user: CurrentUser, job_id: uuid.UUID) -> Job:
    """Return how far a job is: one's own, or anybody's for administrators and managers."""
    return resources_of(request).jobs.get(job_id, user)


def attachment(name: str) -> str:
    """Return the Content-Disposition of a file: its name for old and, in full, for new browsers (RFC 6266)."""
    plain = "".join(letter if (letter.isascii() and letter.isalnum()) or letter in "-._" else "_" for letter in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
