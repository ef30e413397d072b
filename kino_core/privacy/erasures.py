"""The state of erasures, and what happens the moment one is asked for: the account is emptied.

The rest takes time and survives a kill: `kino_ingest.erasure` rewrites the log and what was folded from it,
`kino_assets.erasure` rebuilds the lake and the reports. Each step may run again from its beginning.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
import psycopg
from sqlalchemy import delete, insert, literal, null, update

from kino_core.audit import record
from kino_core.database import ReadSession, WriteSession, libpq_url, query
from kino_core.errors import Conflict
from kino_core.events import stable_id
from kino_core.privacy.columns import KnownTable, known_tables
from kino_core.privacy.pseudonyms import Pseudonym, Traces
from kino_core.privacy.sql import read_sql
from kino_core.privacy.subjects import Subject
from kino_core.tables import erasure as erasure_table

ERASURE_LOCK = 0x6B696E6F_02
"""Key of the PostgreSQL advisory lock that whoever carries out erasures holds."""


class Step(StrEnum):
    """What is to be done next."""

    LOG = "log"
    LAKE = "lake"
    DONE = "done"


@dataclass(frozen=True)
class Erasure:
    """One erasure; `user_id` is None for somebody who had no account. `pseudonym` is the name that is left."""

    id: uuid.UUID
    user_id: uuid.UUID | None
    person_id: uuid.UUID
    pseudonym: str
    step: Step
    rows_changed: int
    requested_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class Work:
    """What a step has to know: the pseudonym, and whom it replaces."""

    id: uuid.UUID
    step: Step
    pseudonym: Pseudonym
    person_ids: tuple[uuid.UUID, ...]
    traces: Traces


class LastAdministrator(Conflict):
    """Nobody would be left to administer this Kino."""

    code = "LAST_ADMINISTRATOR"


def request_erasure(session: WriteSession, subject: Subject, requested_by: uuid.UUID | None = None) -> Erasure:
    """Empty the person's account at once and have the rest of them erased; raises LastAdministrator.

    Asked again, it is the same erasure, under way or done.
    """
    query(session, "SELECT pg_advisory_xact_lock(:key)", key=ERASURE_LOCK + 1)
    if found := _asked_before(session, subject):
        return found
    _check_administrators(session, subject)
    pseudonym, made_id = Pseudonym.make(), uuid.uuid4()
    kept = {"person_ids": subject.person_ids, "traces": subject.traces}
    session.execute(
        insert(erasure_table).values(
            id=made_id,
            user_id=subject.user_id,
            pseudonym=pseudonym.token,
            step=Step.LOG,
            traces=msgspec.to_builtins(kept),
            requested_by=requested_by,
        )
    )
    _empty_account(session, subject, pseudonym)
    person_id = stable_id("person", pseudonym.key)
    kind, key = ("user", subject.user_id) if subject.user_id else ("person", person_id)
    record(session, "ERASE", kind, key, details={"erasure_id": str(made_id)})
    return find_erasure(session, made_id)


def find_erasure(session: ReadSession | WriteSession, erasure_id: uuid.UUID) -> Erasure:
    """Return an erasure that exists."""
    [row] = query(session, "SELECT * FROM kino.erasure WHERE id = :id", id=erasure_id)
    return _erasure(row)


def next_work(session: ReadSession | WriteSession, step: Step, erasure_id: uuid.UUID | None = None) -> Work | None:
    """Return the oldest erasure that waits for `step`, or that one if it does; None where there is none."""
    rows = query(
        session,
        "SELECT id, step, pseudonym, traces FROM kino.erasure WHERE finished_at IS NULL AND step = :step"
        " AND id = coalesce(CAST(:id AS uuid), id) ORDER BY requested_at LIMIT 1",
        step=step,
        id=erasure_id,
    )
    if not rows:
        return None
    kept = msgspec.convert(rows[0].traces, _Kept)
    return Work(rows[0].id, Step(rows[0].step), Pseudonym(rows[0].pseudonym), kept.person_ids, kept.traces)


def keep_traces(session: WriteSession, work: Work, traces: Traces) -> None:
    """Remember by what else the person is found."""
    kept = msgspec.to_builtins({"person_ids": work.person_ids, "traces": traces})
    session.execute(update(erasure_table).where(erasure_table.c.id == work.id).values(traces=kept))


def finish_step(session: WriteSession, work: Work, *, rows_changed: int = 0) -> None:
    """Go on to the step after `work.step`; with the last, forget by what the person was found."""
    if work.step is Step.LOG:
        changes: dict[str, Any] = {"step": Step.LAKE}
    else:
        [now] = query(session, "SELECT now()")
        changes = {"step": Step.DONE, "traces": null(), "finished_at": now[0]}
    changes["rows_changed"] = erasure_table.c.rows_changed + rows_changed
    session.execute(update(erasure_table).where(erasure_table.c.id == work.id).values(changes))


@contextmanager
def only_eraser(database_url: str, *, wait: bool) -> Iterator[bool]:
    """Hold what lets one process at a time carry erasures out; yields whether it is held. With `wait` it always is."""
    function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
    with psycopg.connect(libpq_url(database_url), autocommit=True, application_name="kino erasure") as held:
        row = held.execute(f"SELECT {function}({ERASURE_LOCK})").fetchone()
        yield wait or bool(row and row[0])


class _Kept(msgspec.Struct):
    person_ids: tuple[uuid.UUID, ...]
    traces: Traces


def _asked_before(session: WriteSession, subject: Subject) -> Erasure | None:
    rows = query(
        session,
        "SELECT * FROM kino.erasure WHERE finished_at IS NULL OR user_id = ANY (CAST(:user_ids AS uuid[]))",
        user_ids=list(subject.user_ids),
    )
    for row in rows:
        traces = msgspec.convert(row.traces, _Kept).traces if row.traces else Traces()
        if row.user_id in subject.user_ids or traces.emails & subject.traces.emails:
            return _erasure(row)
    return None


def _erasure(row: Any) -> Erasure:  # noqa: ANN401  a row of kino.erasure
    return Erasure(
        id=row.id,
        user_id=row.user_id,
        person_id=stable_id("person", Pseudonym(row.pseudonym).key),
        pseudonym=Pseudonym(row.pseudonym).name,
        step=Step(row.step),
        rows_changed=row.rows_changed,
        requested_at=row.requested_at,
        finished_at=row.finished_at,
    )


def _check_administrators(session: WriteSession, subject: Subject) -> None:
    [left] = query(session, read_sql("administrators_left"), user_ids=list(subject.user_ids))
    if left.one_goes and not left.others:
        raise LastAdministrator(
            "This is the last administrator. Make another one with `kino admin create`, then erase this account."
        )


def _empty_account(session: WriteSession, subject: Subject, pseudonym: Pseudonym) -> None:
    for number, user_id in enumerate(subject.user_ids):
        # Addresses are unique: a second account of the same person gets one of its own.
        email = pseudonym.email if not number else pseudonym.email.replace("@", f"+{number}@")
        query(session, read_sql("empty_user"), id=user_id, email=email, name=pseudonym.name)
        query(session, read_sql("end_sessions"), user_id=user_id)
    for table in known_tables(session):
        about = table.is_about(subject.values())
        if table.rule.deletes:
            session.execute(delete(table.clause).where(about))
        elif table.blanks:
            session.execute(update(table.clause).where(about).values(_blank(table)))


def _blank(table: KnownTable) -> dict[str, Any]:
    return {each: null() if each in table.nullable else literal("") for each in table.blanks}
