"""The report store: one row a report in PostgreSQL, its files in a folder of its own under the reports path."""

import hashlib
import os
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from kino_core.database import ReadSession, WriteSession
from kino_core.errors import KinoError, NotFound
from kino_core.events import stable_id
from kino_core.settings import Settings
from kino_core.tables import report
from kino_reports.snapshot import ReportSnapshot, thaw


class UnknownReport(NotFound):
    """No report has that id, or it has no file in that format."""

    code = "UNKNOWN_REPORT"


class ReportNotWritten(KinoError):
    """The files of a report could not be written."""

    code = "REPORT_NOT_WRITTEN"
    retryable = True


@dataclass(frozen=True)
class StoredFile:
    """One file of a report; `path` is relative to the reports path."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class StoredReport:
    """One report as listed; `files` by format."""

    id: uuid.UUID
    kind: str
    title: str
    scope_type: str
    scope_id: uuid.UUID | None
    period: str
    as_of: datetime
    lake_snapshot_id: int
    snapshot_sha256: str
    files: dict[str, StoredFile]
    created_at: datetime
    created_by: uuid.UUID | None


_LISTED = [column for column in report.c if column.name != "snapshot"]


def list_reports(
    session: ReadSession | WriteSession,
    *,
    limit: int = 50,
    before: tuple[datetime, uuid.UUID] | None = None,
    scope_ids: Iterable[uuid.UUID] | None = None,
) -> list[StoredReport]:
    """Return reports, the newest first; `before` is the (created_at, id) of the last one of the page before.

    `scope_ids` leaves only reports of those projects and initiatives.
    """
    found: Select[Any] = select(*_LISTED).order_by(report.c.created_at.desc(), report.c.id.desc()).limit(limit)
    if before is not None:
        found = found.where(tuple_(report.c.created_at, report.c.id) < before)
    if scope_ids is not None:
        found = found.where(report.c.scope_id.in_(list(scope_ids)))
    return [_stored(row) for row in session.execute(found)]


def find_report(session: ReadSession | WriteSession, report_id: uuid.UUID) -> StoredReport:
    """Return one report; raises UnknownReport."""
    row = session.execute(select(*_LISTED).where(report.c.id == report_id)).one_or_none()
    if row is None:
        raise UnknownReport("There is no such report.")
    return _stored(row)


def load_snapshot(session: ReadSession | WriteSession, report_id: uuid.UUID) -> ReportSnapshot:
    """Return the frozen data of a report, from which its files can be made again byte by byte."""
    frozen = session.execute(select(report.c.snapshot).where(report.c.id == report_id)).scalar()
    if frozen is None:
        raise UnknownReport("There is no such report.")
    return thaw(frozen)


def report_file(settings: Settings, found: StoredReport, form: str) -> Path:
    """Return the path of a report's file in the format `form`; raises UnknownReport when it has none."""
    if form not in found.files:
        made = ", ".join(sorted(found.files)) or "none"
        raise UnknownReport(f"The report was not made as {form}. It was made as: {made}.")
    root = settings.reports_path.resolve()
    path = (root / found.files[form].path).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise UnknownReport("The report's file is gone. Make the report again as of the same time.")
    return path


def report_id(snapshot: ReportSnapshot) -> uuid.UUID:
    """Return the id of the report made of `snapshot`: the same data is the same report."""
    return stable_id("report", snapshot.sha256)


def write_files(root: Path, folder: str, named: dict[str, tuple[str, bytes]]) -> dict[str, StoredFile]:
    """Write the files of a report (by format: name and content) and return what to store of each.

    A file appears whole or not at all. Raises ReportNotWritten with nothing half-written left behind.
    """
    target = root / folder
    written = {}
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for form, (name, content) in named.items():
            _write_whole(target / name, content)
            written[form] = StoredFile(f"{folder}/{name}", hashlib.sha256(content).hexdigest(), len(content))
    except OSError as error:
        reason = error.strerror or "the disk refused"
        raise ReportNotWritten(f"The report could not be written to {target}: {reason}.") from error
    return written


def keep(
    session: WriteSession,
    snapshot: ReportSnapshot,
    title: str,
    files: dict[str, StoredFile],
    created_by: uuid.UUID | None = None,
) -> uuid.UUID:
    """Store the report and return its id; made again, it gains the formats it did not have."""
    described = {form: asdict(file) for form, file in files.items()}
    row = insert(report).values(
        id=report_id(snapshot),
        kind=snapshot.kind,
        title=title,
        scope_type=snapshot.scope_type,
        scope_id=snapshot.scope_id,
        period=str(snapshot.period),
        as_of=snapshot.as_of,
        lake_snapshot_id=snapshot.lake_snapshot_id,
        snapshot_sha256=snapshot.sha256,
        snapshot=msgspec.to_builtins(snapshot),
        files=described,
        created_by=created_by,
    )
    merged = row.on_conflict_do_update(
        index_elements=[report.c.id], set_={"files": report.c.files.op("||")(row.excluded.files)}
    )
    session.execute(merged)
    return report_id(snapshot)


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _stored(row: Row[Any]) -> StoredReport:
    values = dict(row._mapping)
    files = {form: StoredFile(**file) for form, file in values.pop("files").items()}
    return StoredReport(files=files, **values)
