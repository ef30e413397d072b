"""Making a report, in the process that does long work."""

import uuid

from kino_core.gold import Scope
from kino_core.periods import Period
from kino_core.settings import Settings
from kino_reports.snapshot import ReportKind


def make(
    settings: Settings,
    kind: ReportKind,
    scope: Scope,
    period: Period,
    formats: list[str] | None,
    created_by: uuid.UUID,
    request_id: str,
) -> uuid.UUID:
    """Make a report and return its id; raises what `make_report` raises."""
    from kino_reports.make import make_report  # noqa: PLC0415  only the process that renders loads what renders

    return make_report(settings, kind, scope, period, formats, created_by=created_by, request_id=request_id).report_id
