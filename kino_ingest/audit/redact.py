"""Redaction: an erasure rewrites what the audit says in words, and the chain can be verified all the same.

The seals stay. What became of an entry is signed, so that nobody else can rewrite one and say so.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from kino_core.database import Database, WriteSession
from kino_core.privacy.columns import KnownTable
from kino_core.privacy.pseudonyms import Rewriter
from kino_core.privacy.rewrite import MOST_ROUNDS, ROWS_AT_ONCE, StillChanging, changing_rows, plain_change
from kino_ingest.audit.chain import BEGINNING, AuditKey, digest
from kino_ingest.audit.redaction import Place, Redaction, is_as_left, redactions_of
from kino_ingest.audit.seal import lock_chain, seal_waiting
from kino_ingest.sql import read_sql

Entry = dict[str, Any]


@dataclass(frozen=True)
class Redactor:
    """One erasure at work in the audit, whose table is `table`."""

    database: Database
    key: AuditKey
    erasure_id: uuid.UUID
    table: KnownTable
    rewriter: Rewriter

    def redact(self, needles: list[str]) -> int:
        """Rewrite all entries that name the person; return how many. Safe to repeat, and to be killed."""
        done = 0
        for _ in range(MOST_ROUNDS):
            change = plain_change(self.table, self.rewriter)
            ids = [row["id"] for row, _ in changing_rows(self.database, self.table, needles, change)]
            if not ids:
                return done
            for start in range(0, len(ids), ROWS_AT_ONCE):
                done += self._redact_some(ids[start : start + ROWS_AT_ONCE])
        raise StillChanging("The audit is growing too fast to be rewritten. Run it again when it is calm.")

    def _redact_some(self, ids: list[int]) -> int:
        with self.database.write() as session:
            lock_chain(session, wait=True)
            # The chain holds what was written, so that all of it is sealed before any of it is rewritten.
            while seal_waiting(session):
                pass
            found = session.exec_driver_sql(read_sql("audit_redactable"), {"ids": ids}).mappings()
            pairs = [(was, now) for was in map(dict, found) if (now := self._rewritten(was)) != was]
            _rewrite(session, [(now, self._redaction(was, now)) for was, now in _stored(session, pairs)], self.key)
            return len(pairs)

    def _rewritten(self, entry: Entry) -> Entry:
        return {**entry, **plain_change(self.table, self.rewriter)(entry)}

    def _redaction(self, was: Entry, now: Entry) -> tuple[Redaction, Place]:
        """Return what is to be noted; an entry that somebody tampered with does not pass for whole by being erased."""
        place = _place(was)
        before = redactions_of(was)
        fits = all(each.is_by(self.key, place) for each in before) and is_as_left(was, place, before)
        return Redaction(was["id"], self.erasure_id, digest(now), fits), place


def _place(row: Entry) -> Place:
    sealed, before = (None if row[name] is None else bytes(row[name]) for name in ("hash", "hash_before"))
    return Place(row["position"], sealed, before or BEGINNING)


def _stored(session: WriteSession, pairs: list[tuple[Entry, Entry]]) -> list[tuple[Entry, Entry]]:
    """Return the entries with what they are to say as PostgreSQL will write it."""
    columns = {name: [now[name] for _, now in pairs] for name in ("before", "after", "details")}
    texts = session.exec_driver_sql(read_sql("audit_as_stored"), columns).mappings().all()
    return [(was, {**now, **text}) for (was, now), text in zip(pairs, texts, strict=True)]


def _rewrite(session: WriteSession, redacted: list[tuple[Entry, tuple[Redaction, Place]]], key: AuditKey) -> None:
    entries = [entry for entry, _ in redacted]
    redactions = [redaction for _, (redaction, _) in redacted]
    session.exec_driver_sql(
        read_sql("audit_redaction_put"),
        {
            "ids": [each.audit_id for each in redactions],
            "erasure_ids": [each.erasure_id for each in redactions],
            "digests": [each.digest for each in redactions],
            "fits": [each.fits for each in redactions],
            "key_id": key.id,
            "signatures": [key.sign(redaction.facts(place)) for _, (redaction, place) in redacted],
        },
    )
    names = ("id", "occurred_at", "entity_id", "before", "after", "details")
    session.exec_driver_sql(read_sql("audit_rewrite"), {name: [entry[name] for entry in entries] for name in names})
