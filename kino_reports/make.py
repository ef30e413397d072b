"""The one way to a report: freeze the data once, render every format from it, store the files and the row."""

import importlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kino_core.actors import SYSTEM, Actor, ActorType
from kino_core.database import Database
from kino_core.errors import InvalidInput
from kino_core.gold import Scope, open_gold
from kino_core.metrics import ScopeType
from kino_core.periods import Period
from kino_core.settings import Settings
from kino_reports import newsletter, qbr, store
from kino_reports.freeze import freeze
from kino_reports.snapshot import ReportKind, ReportSnapshot
from kino_reports.wording import period_name, slug

STATEMENT_TIMEOUT_MS = 60_000

_TELLERS: dict[ReportKind, Callable[[ReportSnapshot], object]] = {
    ReportKind.QBR: qbr.tell,
    ReportKind.NEWSLETTER: newsletter.tell,
}
_RENDERERS: dict[ReportKind, dict[str, str]] = {
    ReportKind.QBR: {
        "html": "kino_reports.page:render",
        "pdf": "kino_reports.pdf:render",
        "pptx": "kino_reports.deck.render:render",
    },
    ReportKind.NEWSLETTER: {
        "html": "kino_reports.letter:render_html",
        "text": "kino_reports.letter:render_text",
        "pdf": "kino_reports.letter_pdf:render",
    },
}
"""Formats of each kind, and the function that takes its story and its as-of time and returns the bytes.

Named and not imported: python-pptx and WeasyPrint cost a process seconds and memory until it makes a file.
"""

_SUFFIXES = {"text": "txt"}
_TITLES = {ReportKind.QBR: "Quarterly business review", ReportKind.NEWSLETTER: "Newsletter"}


@dataclass(frozen=True)
class ReportFiles:
    """A finished report and where its files lie, by format."""

    report_id: uuid.UUID
    snapshot_sha256: str
    files: dict[str, Path]


def make_report(
    settings: Settings,
    kind: ReportKind,
    scope: Scope,
    period: Period,
    formats: Sequence[str] | None = None,
    as_of: datetime | None = None,
    created_by: uuid.UUID | None = None,
    request_id: str | None = None,
) -> ReportFiles:
    """Make a report of `scope` in `period`, in all of the kind's formats unless some are named, and store it.

    The same data gives the same report with the same bytes. The audit ascribes it to the user `created_by`, or to the
    system. Raises InvalidInput for an unknown format or scope,
    NotFound for a scope that is gone, LakeNotReady, DatabaseUnavailable and ReportNotWritten.
    """
    asked = check_formats(kind, formats)
    database = Database(settings.database_url, pool_max=1, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    try:
        with open_gold(settings, as_of) as gold, database.read() as session:
            snapshot = freeze(session, gold, kind, scope, period, as_of or datetime.now(UTC))
        rendered = render(snapshot, asked)
        named = {form: (file_name(snapshot, form), content) for form, content in rendered.items()}
        files = store.write_files(settings.reports_path, str(store.report_id(snapshot)), named)
        author = Actor(ActorType.USER, created_by, request_id) if created_by else SYSTEM
        with database.write(by=author) as session:
            report_id = store.keep(session, snapshot, title_of(snapshot), files, created_by)
    finally:
        database.close()
    paths = {form: settings.reports_path / file.path for form, file in files.items()}
    return ReportFiles(report_id, snapshot.sha256, paths)


def render(snapshot: ReportSnapshot, formats: Sequence[str]) -> dict[str, bytes]:
    """Return the files of a report by format; equal snapshots give equal bytes."""
    story = _TELLERS[snapshot.kind](snapshot)
    return {form: _renderer(snapshot.kind, form)(story, snapshot.as_of) for form in formats}


def formats_of(kind: ReportKind) -> tuple[str, ...]:
    """Return the formats that a kind of report is made in."""
    return tuple(_RENDERERS[kind])


def check_formats(kind: ReportKind, formats: Sequence[str] | None) -> tuple[str, ...]:
    """Return the formats to make, each once; raises InvalidInput for one that the kind does not have."""
    known = formats_of(kind)
    unknown = [form for form in formats or () if form not in known]
    if unknown:
        raise InvalidInput(f"A {kind} is not made as {unknown[0]!r}. Choose from {', '.join(known)}.", field="formats")
    return tuple(dict.fromkeys(formats)) if formats else known


def file_name(snapshot: ReportSnapshot, form: str) -> str:
    """Return a name that says kind, scope and period: `kino-qbr-portfolio-2026-Q3.pptx`."""
    scope = slug(snapshot.scope_name) or str(snapshot.scope_id or snapshot.scope_type)[:8]
    period = str(snapshot.period).replace("/", "_")
    return f"kino-{snapshot.kind}-{scope}-{period}.{_SUFFIXES.get(form, form)}"


def title_of(snapshot: ReportSnapshot) -> str:
    """Return the title under which the report is listed."""
    whose = "Portfolio" if snapshot.scope_type is ScopeType.PORTFOLIO else snapshot.scope_name
    return f"{_TITLES[snapshot.kind]} · {whose} · {period_name(snapshot.period)}"


def _renderer(kind: ReportKind, form: str) -> Callable[[object, datetime], bytes]:
    module, function = _RENDERERS[kind][form].split(":")
    found: Callable[[object, datetime], bytes] = getattr(importlib.import_module(module), function)
    return found
