"""One step of folding. Workers stand side by side: each cuts windows off the log where none is left, takes one that
nobody else has, and folds it in one transaction, together with the letters that are due.

A row that is taken is locked, not marked: what a worker leaves behind when it dies is free at once.
"""

import random
import time
import traceback
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError

from kino_core.database import Database, DatabaseUnavailable, WriteSession
from kino_ingest.fold.decide import fold_event
from kino_ingest.fold.facts import Change, Facts, LandedEvent
from kino_ingest.fold.write import write_facts
from kino_ingest.sql import read_sql

BATCH_EVENTS = 2000
WINDOWS_AHEAD = 8
"""Windows that may lie cut and not folded; enough for as many workers to find work."""
LONGEST_STACK = 8000
MOST_TRIES = 4
"""Tries of one step whose rows other workers were changing in another order."""


@dataclass
class Folded:
    """What one step did. `failing` names the sources that fail again and again and were not told of before."""

    events: int = 0
    failed: int = 0
    changes: list[Change] = field(default_factory=list)
    failing: list[tuple[str, int]] = field(default_factory=list)


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

    A window is gone in the same transaction that writes its rows, so its effect is there exactly once whenever this
    stops. An event that cannot be folded becomes a dead letter, alone. `Folded.changes` name their projects where
    known.
    """
    _cut_windows(database, batch_events)
    for left in reversed(range(MOST_TRIES)):
        try:
            return _fold_step(database, batch_events)
        except DatabaseUnavailable as error:
            if not left or not _in_each_others_way(error.__cause__):
                raise
            time.sleep(random.uniform(0.01, 0.1))
    raise AssertionError("unreachable")


def _cut_windows(database: Database, batch_events: int) -> None:
    with database.write() as session:
        _without_waiting_for_the_disk(session)
        ahead = session.exec_driver_sql("SELECT count(*) FROM landing.fold_window").scalar_one()
        for _ in range(WINDOWS_AHEAD - ahead):
            edges = session.exec_driver_sql(read_sql("fold_cut"), {"batch_events": batch_events}).one_or_none()
            if edges is None or edges.first is None:
                return
            end = edges.high if edges.cut is None else edges.cut if edges.cut > edges.first else edges.cut + 1
            session.exec_driver_sql(read_sql("fold_cut_put"), {"low": str(edges.low), "high": str(end)})
            if edges.cut is None:
                return


def _fold_step(database: Database, batch_events: int) -> Folded:
    with database.write() as session:
        _without_waiting_for_the_disk(session)
        retried = _apply_all(session, _landed(session, "dead_letters_due", {}))
        if retried.folded:
            _write_letters(session, "dead_letter_gone", retried.folded, ("source", "event_id"))
        again = _apply_all(session, _landed(session, "fold_again", {"batch_events": batch_events}))
        fresh = _fold_window(session)
        failures = retried.failures + again.failures + fresh.failures
        failing: list[tuple[str, int]] = []
        if failures:
            _write_letters(session, "dead_letter_put", failures, tuple(_Failure.__dataclass_fields__))
            failing = [(name, number) for name, number in session.exec_driver_sql(read_sql("failing_sources"))]
        changes = _with_projects(session, retried.changes + fresh.changes)
    folded = len(retried.folded) + len(again.folded) + len(fresh.folded)
    return Folded(folded, len(failures), changes, failing)


def _without_waiting_for_the_disk(session: WriteSession) -> None:
    # What a crash takes back of a fold is folded again: only landing has to be durable before it is acknowledged.
    session.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _in_each_others_way(error: BaseException | None) -> bool:
    return isinstance(error, OperationalError) and isinstance(
        error.orig, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure
    )


def _fold_window(session: WriteSession) -> _Applied:
    window = session.exec_driver_sql(read_sql("fold_take")).one_or_none()
    if window is None:
        return _Applied()
    return _apply_all(session, _landed(session, "fold_read", {"low": window.low, "high": window.high}))


def _landed(session: WriteSession, statement: str, values: dict[str, Any]) -> list[LandedEvent]:
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
