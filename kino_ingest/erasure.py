"""The part of an erasure that concerns the log and what is folded from it: both name the pseudonym afterwards.

Folding the rewritten log anew gives the rewritten tables. Whatever stops this, running it again finishes it.
"""

import threading
import time
from contextlib import closing
from functools import partial
from typing import Any

import msgspec
import structlog
from sqlalchemy import ColumnElement, Text, cast, column, literal

from kino_core.database import Database, DatabaseUnavailable, query
from kino_core.errors import KinoError, Unavailable
from kino_core.events import Source, canonical_json
from kino_core.privacy.columns import known_tables
from kino_core.privacy.erasures import Step, Work, finish_step, keep_traces, next_work, only_eraser
from kino_core.privacy.pseudonyms import Rewriter, Traces, found_names
from kino_core.privacy.rewrite import Row, changing_rows, plain_change, rewrite_rows
from kino_core.tables import Xid8
from kino_ingest.audit.chain import AuditKey
from kino_ingest.audit.redact import Redactor
from kino_ingest.fold.erase import erase_folded
from kino_ingest.git import Malformed, rewrite_record
from kino_ingest.landing import without_nul

STATEMENT_TIMEOUT_MS = 600_000
LOOK_EVERY_SECONDS = 1.0
LONGEST_TRANSACTION_SECONDS = 120.0
MOST_ROUNDS = 10
RAW = ("landing.event", "landing.conflict")
"""Tables that hold what senders sent, in its own format."""
AUDIT = "kino.audit"

log = structlog.get_logger(__name__)


class LogBusy(Unavailable):
    """Something keeps the log from being rewritten for now."""

    code = "LOG_BUSY"


def erase_from_log(database_url: str, work: Work, audit_key: AuditKey) -> None:
    """Do the step LOG of an erasure; raises LogBusy and StillChanging, after which it may be done again.

    `audit_key` signs what becomes of entries of the audit.
    """
    with closing(Database(database_url, pool_max=3, statement_timeout_ms=STATEMENT_TIMEOUT_MS)) as database:
        eraser = _Eraser(database, work, audit_key)
        changed = 0
        for _ in range(MOST_ROUNDS):
            oldest = eraser.oldest_open_transaction()
            changed += eraser.rewrite_what_came_in()
            # Who began to fold before the log was rewritten may still write what it said.
            eraser.wait_for_open_transactions()
            changed += eraser.rewrite_what_people_wrote()
            # After the tables: whoever changed a row before it was rewritten has told the audit how it read.
            changed += eraser.rewrite_the_audit()
            if erase_folded(database, work, eraser.rewriter, partial(eraser.is_named_since, oldest)):
                with database.write() as session:
                    finish_step(session, work, rows_changed=changed)
                return
        raise LogBusy("Events that name the person keep coming in. Stop their source, then run the erasure again.")


def keep_erasing(database_url: str, stop: threading.Event, audit_key: AuditKey) -> None:
    """Do the step LOG of whatever erasure is asked for, until `stop` is set."""
    with closing(Database(database_url, pool_max=1)) as database:
        while not stop.wait(LOOK_EVERY_SECONDS):
            try:
                with database.read() as session:
                    waits = next_work(session, Step.LOG) is not None
                if waits:
                    with only_eraser(database_url, wait=False) as held:
                        _erase_next(database, database_url, audit_key, held)
            except DatabaseUnavailable:
                continue
            except KinoError as error:
                log.warning("an erasure goes on later", error=error.message)
            except Exception:
                log.exception("an erasure failed and is tried again")


def _erase_next(database: Database, database_url: str, audit_key: AuditKey, held: bool) -> None:
    with database.read() as session:
        work = next_work(session, Step.LOG) if held else None
    if work is not None:
        erase_from_log(database_url, work, audit_key)
        log.info("a person was erased from the log", erasure_id=str(work.id))


class _Eraser:
    """One erasure at work in one database."""

    def __init__(self, database: Database, work: Work, audit_key: AuditKey) -> None:
        self._database = database
        with database.read() as session:
            self._tables = {table.full_name: table for table in known_tables(session)}
        self._traces = self._with_names(work)
        self.rewriter = Rewriter(self._traces, work.pseudonym)
        self._redactor = Redactor(database, audit_key, work.id, self._tables[AUDIT], self.rewriter)

    def oldest_open_transaction(self) -> int:
        """Return the id below which every transaction has ended."""
        with self._database.read() as session:
            [row] = query(
                session, "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS xid"
            )
        return int(row.xid)

    def rewrite_what_came_in(self) -> int:
        """Rewrite the log and the events that contradict it; return how many rows changed."""
        return sum(
            rewrite_rows(self._database, self._tables[name], self._traces.needles, self._raw_change, beside=_BESIDE)
            for name in RAW
        )

    def rewrite_what_people_wrote(self) -> int:
        """Rewrite every other text that may name the person, but for the audit."""
        others = [table for name, table in self._tables.items() if name not in (*RAW, AUDIT)]
        return sum(
            rewrite_rows(self._database, table, self._traces.needles, plain_change(table, self.rewriter))
            for table in others
        )

    def rewrite_the_audit(self) -> int:
        """Rewrite what the audit says of how texts read; return how many entries changed."""
        return self._redactor.redact(self._traces.needles)

    def is_named_since(self, oldest: int) -> bool:
        """Return whether an event of a later transaction names the person."""
        later: ColumnElement[bool] = column("xid") >= cast(literal(str(oldest), Text), Xid8)
        event = self._tables["landing.event"]
        found = changing_rows(
            self._database, event, self._traces.needles, self._raw_change, beside=_BESIDE, where=later
        )
        return next(found, None) is not None

    def wait_for_open_transactions(self) -> None:
        """Wait until all that is open now has ended; raises LogBusy when something stays open."""
        with self._database.write() as session:
            [row] = query(session, "SELECT CAST(pg_current_xact_id() AS text) AS xid")
        deadline = time.monotonic() + LONGEST_TRANSACTION_SECONDS
        while self.oldest_open_transaction() <= int(row.xid):
            if time.monotonic() > deadline:
                raise LogBusy("A transaction in PostgreSQL stays open. Find it in pg_stat_activity, and try again.")
            time.sleep(0.02)

    def _with_names(self, work: Work) -> Traces:
        """Return by what the person is found, with the names under which the log knows them; kept for a next try."""
        known = work.traces
        event = self._tables["landing.event"]
        names: set[str] = set()

        def look(row: Row) -> dict[str, Any]:
            names.update(found_names(msgspec.json.decode(row["body"]), known))
            return {}

        for _ in changing_rows(self._database, event, sorted(known.emails | known.logins), look):
            pass
        traces = known.joined(Traces(names=frozenset(names)))
        with self._database.write() as session:
            keep_traces(session, work, traces)
        return traces

    def _raw_change(self, row: Row) -> dict[str, Any]:
        """Rewrite what a sender sent, and the body that was read from it."""
        raw = bytes(row["raw"])
        if row["source"] == Source.GIT:
            try:
                rewritten, body = rewrite_record(raw, self.rewriter)
            except Malformed:
                pass
            else:
                unchanged = rewritten == raw or "body" not in row
                return {"raw": rewritten} | ({} if unchanged else {"body": canonical_json(without_nul(body)).decode()})
        body_too = {"body": self.rewriter.json(row["body"].encode()).decode()} if "body" in row else {}
        return {"raw": self.rewriter.json(raw)} | body_too


_BESIDE = ("source",)
