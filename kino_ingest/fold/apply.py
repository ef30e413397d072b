"""What events tell is written together; an event that cannot be decided or stored is set apart, alone."""

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg.errors import ProgramLimitExceeded
from sqlalchemy.exc import DBAPIError, OperationalError

from kino_core.database import WriteSession
from kino_core.logs import hide_in_text
from kino_ingest.fold.decide import fold_event
from kino_ingest.fold.facts import Change, Facts, LandedEvent
from kino_ingest.fold.write import write_facts

LONGEST_STACK = 8000
SIGN_SECONDS = 1.0
"""How often a fold that computes says something to PostgreSQL, which ends transactions of those that stand still."""


@dataclass(frozen=True)
class Failure:
    """A landed event that could not be folded, and why; secrets are hidden in `error` and `stack`."""

    event_row: int
    received_at: datetime
    source: str
    event_id: str
    error: str
    stack: str


@dataclass(frozen=True)
class _Decided:
    event: LandedEvent
    facts: Facts


@dataclass
class Applied:
    """The events whose facts were written, those that failed, and what open pages should hear."""

    folded: list[LandedEvent] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def apply_events(session: WriteSession, events: Sequence[LandedEvent]) -> Applied:
    """Decide what `events` tell and write it in one go; raises OperationalError when PostgreSQL goes away."""
    applied = Applied()
    decided: list[_Decided] = []
    alive = _SignsOfLife(session)
    for event in events:
        alive.give()
        try:
            decided.append(_Decided(event, fold_event(event)))
        except Exception as error:
            # Whatever it is, it must not hold up the events behind it; the letter keeps the stack.
            applied.failures.append(_failure(event, error))
    if decided:
        _apply(session, decided, applied)
    return applied


def _apply(session: WriteSession, decided: Sequence[_Decided], applied: Applied) -> None:
    error = _refusal(session, decided, keep=True)
    if error is not None:
        refused = _refused_alone(session, decided, error)
        decided = [each for each in decided if each.event.id not in refused]
        error = _refusal(session, decided, keep=True)
        # Those that pass one by one and not together are kept as letters too: nothing may hold up the log.
        refused |= {} if error is None else {each.event.id: _failure(each.event, error) for each in decided}
        applied.failures.extend(refused.values())
    if error is None:
        applied.folded.extend(each.event for each in decided)
        applied.changes.extend(change for each in decided for change in each.facts.changes)


def _refused_alone(session: WriteSession, decided: Sequence[_Decided], error: Exception) -> dict[int, Failure]:
    """Return, by the row of the event, what PostgreSQL refuses: one such row fails its whole statement, so halve.

    Nothing tried on the way stays written or locked.
    """
    if len(decided) == 1:
        return {decided[0].event.id: _failure(decided[0].event, error)}
    refused: dict[int, Failure] = {}
    middle = len(decided) // 2
    for half in (decided[:middle], decided[middle:]):
        if half_error := _refusal(session, half, keep=False):
            refused |= _refused_alone(session, half, half_error)
    return refused


def _refusal(session: WriteSession, decided: Sequence[_Decided], *, keep: bool) -> Exception | None:
    """Write what `decided` tell and return None, or why it cannot be written; leave it written only with `keep`."""
    facts, alive = Facts(), _SignsOfLife(session)
    for each in decided:
        alive.give()
        facts.add(each.facts)
    attempt = session.begin_nested()
    try:
        if decided:
            write_facts(session, facts)
    except (DBAPIError, ValueError, TypeError, OverflowError) as error:
        # A key that is too long for any index is the row's own fault; the rest of its class is PostgreSQL's.
        if isinstance(error, OperationalError) and not isinstance(error.orig, ProgramLimitExceeded):
            raise
        attempt.rollback()
        return error
    if keep:
        attempt.commit()
    else:
        attempt.rollback()
    return None


class _SignsOfLife:
    """Keeps a slow machine's fold from being taken for one that was frozen."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session
        self._given_at = time.monotonic()

    def give(self) -> None:
        """Say something to PostgreSQL, if it has heard nothing for a while."""
        if time.monotonic() - self._given_at >= SIGN_SECONDS:
            self._session.exec_driver_sql("SELECT 1")
            self._given_at = time.monotonic()


def _failure(event: LandedEvent, error: Exception) -> Failure:
    reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    stack = "".join(traceback.format_exception(error))[-LONGEST_STACK:]
    return Failure(
        event.id,
        event.received_at,
        event.source,
        event.event_id,
        hide_in_text(f"{type(error).__name__}: {reason}").replace("\0", ""),
        hide_in_text(stack).replace("\0", ""),
    )
