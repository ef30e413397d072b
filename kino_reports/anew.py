"""Reports that name somebody who is erased: their frozen data is rewritten, and their files are made of it anew."""

import json
import uuid
from dataclasses import asdict
from typing import Any

import msgspec
import structlog
from sqlalchemy import update

from kino_core.audit import record
from kino_core.database import Database, query
from kino_core.privacy.pseudonyms import Rewriter, escaped
from kino_core.privacy.rewrite import without_copies_in_the_audit
from kino_core.settings import Settings
from kino_core.tables import report
from kino_reports.make import file_name, render, title_of
from kino_reports.snapshot import ReportSnapshot, thaw
from kino_reports.store import StoredFile, write_files

_NAMING = """
SELECT id FROM kino.report
WHERE EXISTS (
    SELECT FROM unnest(CAST(:needles AS text[])) AS needle
    WHERE strpos(lower(CAST(snapshot AS text)), lower(needle)) > 0)
ORDER BY created_at
"""

log = structlog.get_logger(__name__)


def make_anew(settings: Settings, database: Database, rewriter: Rewriter, needles: list[str]) -> int:
    """Rewrite every report that names the person, and return how many did.

    A report keeps its id. A format that can no longer be made is left out; it may be made again at any time.
    """
    with database.read() as session:
        naming = [row.id for row in query(session, _NAMING, needles=[escaped(each) for each in needles])]
    return sum(_make_anew(settings, database, rewriter, report_id) for report_id in naming)


def _make_anew(settings: Settings, database: Database, rewriter: Rewriter, report_id: uuid.UUID) -> bool:
    with database.read() as reading:
        rows = query(
            reading, "SELECT CAST(snapshot AS text) AS frozen, files FROM kino.report WHERE id = :id", id=report_id
        )
    frozen = json.loads(rows[0].frozen) if rows else None
    rewritten = rewriter.value(frozen)
    if rewritten == frozen:
        return False
    snapshot, before = thaw(rewritten), {form: StoredFile(**file) for form, file in rows[0].files.items()}
    files = write_files(settings.reports_path, str(report_id), _rendered(snapshot, list(before)))
    kept = {file.path for file in files.values()}
    for path in (file.path for file in before.values() if file.path not in kept):
        # Its name holds the scope's, which may be the person's.
        (settings.reports_path / path).unlink(missing_ok=True)
    values: dict[str, Any] = {
        "snapshot": msgspec.to_builtins(snapshot),
        "snapshot_sha256": snapshot.sha256,
        "title": title_of(snapshot),
        "files": {form: asdict(file) for form, file in files.items()},
    }
    with database.write() as session, without_copies_in_the_audit(session, "kino", "report"):
        record(session, "ERASE", "report", report_id, details={"changed": sorted(values)})
        session.execute(update(report).where(report.c.id == report_id).values(values))
    return True


def _rendered(snapshot: ReportSnapshot, formats: list[str]) -> dict[str, tuple[str, bytes]]:
    made = {}
    for form in formats:
        try:
            made[form] = (file_name(snapshot, form), render(snapshot, [form])[form])
        except Exception:
            # What was in the old file must go, whatever stands in the way of a new one.
            log.exception("a report's file could not be made anew", format=form)
    return made
