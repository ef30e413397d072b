"""Dead letters: events that landed and could not be folded, what is known of them, and what people do about them.

A letter waits for its next try, is dead after the last, or was discarded. The event itself stays in the log.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text

from kino_core.audit import record
from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import InvalidDates, NotFound
from kino_core.logs import hide_in_text
from kino_ingest.sql import read_sql

LONGEST_INPUT_BYTES = 1024 * 1024


class LetterState(StrEnum):
    """Where a letter is on its way."""

    WAITING = "waiting"
    DEAD = "dead"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class DeadLetter:
    """An event that could not be folded; `next_try_at` is None when nothing tries it again by itself.

    `attempts` are the failures since it came or was last replayed. Secrets are hidden in `error`.
    """

    id: int
    source: str
    event_id: str
    type: str | None
    project_id: uuid.UUID | None
    repository: str | None
    error: str
    attempts: int
    received_at: datetime
    failed_at: datetime
    next_try_at: datetime | None
    state: LetterState
    discard_reason: str | None


@dataclass(frozen=True)
class OpenedLetter(DeadLetter):
    """A letter with the stack of its last failure and the input as it came in, secrets hidden in both."""

    stack: str
    input: str


@dataclass(frozen=True)
class FailingSource:
    """A sender whose events failed again and again within the last ten minutes."""

    name: str
    failures: int
    told_at: datetime


@dataclass(frozen=True)
class Replayed:
    """What a replay folds again, or would: events by type."""

    events: int
    types: dict[str, int]
    dry_run: bool


class UnknownLetter(NotFound):
    """No dead letter has that id."""

    code = "UNKNOWN_DEAD_LETTER"


def list_letters(
    session: ReadSession,
    *,
    source: str | None = None,
    event_type: str | None = None,
    state: LetterState | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    project_ids: Iterable[uuid.UUID] | None = None,
    limit: int | None = None,
) -> list[DeadLetter]:
    """Return letters, the newest first; without a `state` all that were not discarded.

    `since` and `until` (not included) are times of arrival; `before` is the last id seen. `project_ids` leaves only
    events of those projects.
    """
    rows = query(
        session,
        read_sql("dead_letters"),
        source=source,
        type=event_type,
        state=state,
        since=since,
        until=until,
        before=before,
        project_ids=None if project_ids is None else list(project_ids),
        limit=limit,
    )
    return [DeadLetter(**_readable(dict(row._mapping))) for row in rows]


def open_letter(session: ReadSession | WriteSession, letter_id: int) -> OpenedLetter:
    """Return one letter with its stack and its input; raises UnknownLetter."""
    found = query(session, read_sql("dead_letter_show"), id=letter_id)
    if not found:
        raise _unknown()
    fields = _readable(dict(found[0]._mapping))
    raw = bytes(fields.pop("raw") or b"")[:LONGEST_INPUT_BYTES]
    stack = hide_in_text(str(fields.pop("stack")))
    return OpenedLetter(**fields, stack=stack, input=hide_in_text(raw.decode("utf-8", "replace")))


def failing_sources(session: ReadSession) -> list[FailingSource]:
    """Return the senders that were told of as failing in the last ten minutes, the worst first."""
    rows = query(
        session,
        "SELECT name, failures, told_at FROM landing.failing_source WHERE told_at > now() - interval '10 minutes'"
        " ORDER BY failures DESC, name",
    )
    return [FailingSource(*row) for row in rows]


def replay_letter(session: WriteSession, letter_id: int, *, dry_run: bool = False) -> Replayed:
    """Have a letter tried again now, with all its tries ahead, discarded or not; raises UnknownLetter.

    With `dry_run` nothing happens.
    """
    letter = open_letter(session, letter_id)
    if not dry_run:
        query(
            session,
            "UPDATE landing.dead_letter SET next_try_at = now(), attempts = 0, discarded_at = NULL,"
            " discard_reason = NULL WHERE id = :id RETURNING id",
            id=letter_id,
        )
        _audit(session, "REPLAY", letter_id)
    return Replayed(1, {letter.type: 1} if letter.type else {}, dry_run)


def replay_between(
    session: WriteSession,
    since: datetime,
    until: datetime | None = None,
    *,
    event_type: str | None = None,
    source: str | None = None,
    folded: bool = False,
    project_ids: Iterable[uuid.UUID] | None = None,
    dry_run: bool = False,
) -> Replayed:
    """Have every letter tried again whose event arrived from `since` to before `until` (now, where None).

    Those that were discarded stay so. `project_ids` leaves only events of those projects.
    `folded` takes the events that folded well along: folding again changes nothing but what the rules for it changed.
    With `dry_run` nothing happens. Raises InvalidDates when the span ends before it begins.
    """
    # PostgreSQL's now, whose clock says when events arrived.
    until = until or query(session, "SELECT now() AS moment")[0].moment
    if until <= since:
        raise InvalidDates("until must come after since.", field="until")
    span: dict[str, Any] = {
        "since": since,
        "until": until,
        "type": event_type,
        "source": source,
        "project_ids": None if project_ids is None else list(project_ids),
    }
    types = {row.type: row.events for row in query(session, read_sql("replay_count"), **span, folded=folded)}
    if not dry_run:
        _execute(session, "replay_letters", span)
        if folded:
            _execute(session, "replay_folded", span)
        told = {"since": since.isoformat(), "until": until.isoformat(), "events": sum(types.values()), "folded": folded}
        record(session, "REPLAY", "dead_letters", None, details=told)
    return Replayed(sum(types.values()), types, dry_run)


def discard_letter(session: WriteSession, letter_id: int, reason: str | None = None) -> None:
    """Leave an event unfolded for good, until somebody replays it; raises UnknownLetter."""
    if not query(
        session,
        "UPDATE landing.dead_letter SET discarded_at = coalesce(discarded_at, now()),"
        " discard_reason = coalesce(:reason, discard_reason), next_try_at = NULL WHERE id = :id RETURNING id",
        id=letter_id,
        reason=reason,
    ):
        raise _unknown()
    _audit(session, "DISCARD", letter_id)


def _audit(session: WriteSession, action: str, letter_id: int) -> None:
    [project_id] = session.exec_driver_sql(read_sql("dead_letter_project"), {"id": letter_id}).scalars()
    record(session, action, "dead_letter", letter_id, project_id=project_id)


def _execute(session: WriteSession, statement: str, values: dict[str, Any]) -> None:
    session.execute(text(read_sql(statement)), values)


def _readable(fields: dict[str, Any]) -> dict[str, Any]:
    # Senders choose these, and may have chosen a secret.
    told = {
        name: fields[name] and hide_in_text(str(fields[name])) for name in ("event_id", "type", "repository", "error")
    }
    return fields | told | {"state": LetterState(str(fields["state"]))}


def _unknown() -> UnknownLetter:
    return UnknownLetter("There is no such dead letter. List them to see their ids.")
