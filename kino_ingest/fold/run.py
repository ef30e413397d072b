"""One step of folding. Workers stand side by side: each cuts windows off the log where none is left, takes one that
nobody else has, and folds it in one transaction; so it does with the letters that are due.

A row that is taken is locked, not marked: what a worker leaves behind when it dies is free at once. A transaction
writes its facts in one go, since two workers that lock the same rows in the same order never wait for one another.
"""

import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy.exc import OperationalError

from kino_core.database import Database, DatabaseUnavailable, WriteSession
from kino_ingest.fold.apply import Applied, Failure, apply_events
from kino_ingest.fold.facts import Change, LandedEvent
from kino_ingest.fold.order import begin_anew, stamp_next
from kino_ingest.sql import read_sql

BATCH_EVENTS = 2000
BATCH_BYTES = 16 * 1024 * 1024
"""What one window holds at most, or is tried or folded again at once, so that a worker's memory does not depend on what
senders send."""
WINDOWS_AHEAD = 8
"""Windows that may lie cut and not folded; enough for as many workers to find work."""
MOST_TRIES = 4
"""Tries of one step whose rows other workers were changing in another order."""


@dataclass
class Folded:
    """What one step did.

    `failing` names the sources that fail again and again and were not told of before, `ahead` those whose clocks are
    ahead, with the number of their events that claim to be from the future.
    """

    events: int = 0
    failed: int = 0
    changes: list[Change] = field(default_factory=list)
    failing: list[tuple[str, int]] = field(default_factory=list)
    ahead: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Folded") -> None:
        """Count in what another step did."""
        self.events += other.events
        self.failed += other.failed
        self.changes += other.changes
        self.failing += other.failing
        self.ahead += other.ahead


def fold_pending(database: Database) -> bool:
    """Return whether there is anything to fold now; cheap enough to ask ten times a second."""
    with database.read() as session:
        return bool(session.exec_driver_sql(read_sql("fold_pending")).scalar())


def fold_next(database: Database, *, batch_events: int = BATCH_EVENTS) -> Folded:
    """Fold the next window, about `batch_events` events, and what is to be tried or folded again.

    A window is gone in the same transaction that writes its rows, so its effect is there exactly once whenever this
    stops. An event that cannot be folded becomes a dead letter, alone. `Folded.changes` name their projects where
    known.
    """
    _cut_windows(database, batch_events)
    done = Folded()
    for fold in (_fold_letters, _fold_again, _fold_window):
        done.add(_in_one_transaction(database, fold, batch_events))
    return done


def _cut_windows(database: Database, batch_events: int) -> None:
    with database.write() as session:
        _without_waiting_for_the_disk(session)
        state = session.exec_driver_sql(read_sql("fold_state")).one()
        if state.moved:
            begin_anew(session)
            return
        if state.stamping:
            stamp_next(session, batch_events, BATCH_BYTES)
        for _ in range(WINDOWS_AHEAD - state.windows):
            full = {"batch_events": batch_events, "batch_bytes": BATCH_BYTES}
            edges = session.exec_driver_sql(read_sql("fold_cut"), full).one_or_none()
            if edges is None or edges.first is None:
                return
            end = edges.high if edges.cut is None else edges.cut if edges.cut > edges.first else edges.cut + 1
            session.exec_driver_sql(read_sql("fold_cut_put"), {"low": str(edges.low), "high": str(end)})
            if edges.cut is None:
                return


def _in_one_transaction(database: Database, fold: Callable[[WriteSession, int], Applied], batch_events: int) -> Folded:
    for left in reversed(range(MOST_TRIES)):
        try:
            with database.write() as session:
                _without_waiting_for_the_disk(session)
                return _finished(session, fold(session, batch_events))
        except DatabaseUnavailable as error:
            if not left or not _in_each_others_way(error.__cause__):
                raise
            time.sleep(random.uniform(0.01, 0.1))
    raise AssertionError("unreachable")


def _finished(session: WriteSession, applied: Applied) -> Folded:
    done = Folded(len(applied.folded), len(applied.failures), _with_projects(session, applied.changes))
    done.ahead = Counter(event.sender for event in applied.folded if event.clock_ahead)
    if applied.failures:
        _write_letters(session, "dead_letter_put", applied.failures, tuple(Failure.__dataclass_fields__))
        done.failing = [(name, number) for name, number in session.exec_driver_sql(read_sql("failing_sources"))]
    return done


def _without_waiting_for_the_disk(session: WriteSession) -> None:
    # What a crash takes back of a fold is folded again: only landing has to be durable before it is acknowledged.
    session.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _in_each_others_way(error: BaseException | None) -> bool:
    return isinstance(error, OperationalError) and isinstance(
        error.orig, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure
    )


def _fold_letters(session: WriteSession, _batch_events: int) -> Applied:
    applied = apply_events(session, _landed(session, "dead_letters_due", {"batch_bytes": BATCH_BYTES}))
    if applied.folded:
        _write_letters(session, "dead_letter_gone", applied.folded, ("source", "event_id"))
    return applied


def _fold_again(session: WriteSession, batch_events: int) -> Applied:
    full = {"batch_events": batch_events, "batch_bytes": BATCH_BYTES}
    applied = apply_events(session, _landed(session, "fold_again", full))
    # Open pages heard of these when they were folded first.
    applied.changes.clear()
    return applied


def _fold_window(session: WriteSession, _batch_events: int) -> Applied:
    window = session.exec_driver_sql(read_sql("fold_take")).one_or_none()
    if window is None:
        return Applied()
    return apply_events(session, _landed(session, "fold_read", {"low": window.low, "high": window.high}))


def _landed(session: WriteSession, statement: str, values: dict[str, Any]) -> list[LandedEvent]:
    rows = session.exec_driver_sql(read_sql(statement), values).mappings()
    return [LandedEvent(**row) for row in rows]


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
