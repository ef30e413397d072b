"""One step of folding: the next window of the log, and the letters that are due, in one transaction."""

import traceback
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError

from kino_core.database import Database, WriteSession
from kino_ingest.fold.decide import fold_event
from kino_ingest.fold.facts import Change, Facts, LandedEvent
from kino_ingest.fold.write import write_facts
from kino_ingest.sql import read_sql

BATCH_EVENTS = 2000
FOLD_LOCK = 0x6B696E6F_0001
"""Advisory lock of whoever folds."""
LONGEST_STACK = 8000


@dataclass
class Folded:
    """What one step did. `standby` means that another worker is folding."""

    events: int = 0
    failed: int = 0
    changes: list[Change] = field(default_factory=list)
    standby: bool = False


@dataclass(frozen=True)
class _Failure:
    event_row: int
    received_at: datetime
    source: str
    event_id: str
    error: str
    stack: str


@dataclass
class _Applied:
    folded: list[LandedEvent] = field(default_factory=list)
    failures: list[_Failure] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def fold_pending(database: Database) -> bool:
    """Return whether there is anything to fold now; cheap enough to ask ten times a second."""
    with database.read() as session:
        return bool(session.exec_driver_sql(read_sql("fold_pending")).scalar())


def fold_next(database: Database, *, batch_events: int = BATCH_EVENTS) -> Folded:
    """Fold the next events, about `batch_events` of them, and the dead letters that are due.

    The cursor moves in the same transaction as the rows, so an event is folded exactly once whenever this stops.
    An event that cannot be folded becomes a dead letter, alone. `Folded.changes` name their projects where known.
    """
    with database.write() as session:
        if not session.exec_driver_sql("SELECT pg_try_advisory_xact_lock(%s)", (FOLD_LOCK,)).scalar():
            return Folded(standby=True)
        retried = _apply_all(session, _landed(session, "dead_letters_due", {}))
        if retried.folded:
            _write_letters(session, "dead_letter_gone", retried.folded, ("source", "event_id"))
        fresh = _fold_window(session, batch_events)
        failures = retried.failures + fresh.failures
        if failures:
            _write_letters(session, "dead_letter_put", failures, tuple(_Failure.__dataclass_fields__))
        changes = _with_projects(session, retried.changes + fresh.changes)
    return Folded(len(retried.folded) + len(fresh.folded), len(failures), changes)


def _fold_window(session: WriteSession, batch_events: int) -> _Applied:
    edges = session.exec_driver_sql(read_sql("fold_window"), {"batch_events": batch_events}).one()
    if edges.first is None:
        return _Applied()
    end = edges.high if edges.cut is None else edges.cut if edges.cut > edges.first else edges.cut + 1
    applied = _apply_all(session, _landed(session, "fold_read", {"low": str(edges.low), "high": str(end)}))
    session.exec_driver_sql(read_sql("fold_advance"), {"high": str(end)})
    return applied


def _landed(session: WriteSession, statement: str, values: dict[str, str]) -> list[LandedEvent]:
    rows = session.exec_driver_sql(read_sql(statement), values).mappings()
    return [LandedEvent(**row) for row in rows]


def _apply_all(session: WriteSession, events: Sequence[LandedEvent]) -> _Applied:
    applied = _Applied()
    decided: list[tuple[LandedEvent, Facts]] = []
    for event in events:
        try:
            decided.append((event, fold_event(event)))
        except Exception as error:
            # Whatever it is, it must not hold up the events behind it; the letter keeps the stack.
            applied.failures.append(_failure(event, error))
    _apply(session, decided, applied)
    return applied


def _apply(session: WriteSession, decided: Sequence[tuple[LandedEvent, Facts]], applied: _Applied) -> None:
    if not decided:
        return
    facts = Facts()
    for _, told in decided:
        facts.add(told)
    try:
        with session.begin_nested():
            write_facts(session, facts)
    except OperationalError:
        raise
    except (DBAPIError, ValueError, TypeError, OverflowError) as error:
        if len(decided) == 1:
            applied.failures.append(_failure(decided[0][0], error))
            return
        # One row that PostgreSQL refuses fails its whole statement: halve until it stands alone.
        middle = len(decided) // 2
        _apply(session, decided[:middle], applied)
        _apply(session, decided[middle:], applied)
        return
    applied.folded.extend(event for event, _ in decided)
    applied.changes.extend(facts.changes)


def _failure(event: LandedEvent, error: Exception) -> _Failure:
    reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    stack = "".join(traceback.format_exception(error))[-LONGEST_STACK:]
    return _Failure(
        event.id,
        event.received_at,
        event.source,
        event.event_id,
        f"{type(error).__name__}: {reason}".replace("\0", ""),
        stack.replace("\0", ""),
    )


def _write_letters(session: WriteSession, statement: str, rows: Sequence[Any], columns: tuple[str, ...]) -> None:
    session.exec_driver_sql(read_sql(statement), {column: [getattr(row, column) for row in rows] for column in columns})


def _with_projects(session: WriteSession, changes: list[Change]) -> list[Change]:
    unknown = {each.repository_id for each in changes if each.project_id is None and each.repository_id is not None}
    if not unknown:
        return changes
    found = session.exec_driver_sql(read_sql("repository_projects"), {"ids": list(unknown)})
    projects: dict[uuid.UUID | None, uuid.UUID] = {row.id: row.project_id for row in found}
    return [
        Change(each.kind, each.item, each.project_id or projects.get(each.repository_id), each.repository_id)
        for each in changes
    ]
