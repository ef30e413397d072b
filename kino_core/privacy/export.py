"""Everything about one person as JSON, table by table as `tables` says."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, literal_column, or_, select, text

from kino_core.audit import record
from kino_core.database import ReadSession, WriteSession
from kino_core.privacy.columns import KnownTable, known_tables
from kino_core.privacy.pseudonyms import Pseudonym, Rewriter
from kino_core.privacy.subjects import Subject

STATEMENT_TIMEOUT_MS = 600_000
"""The whole log is read for what names the person."""
ROWS_AT_ONCE = 500


def export(session: ReadSession, subject: Subject) -> Iterator[str]:
    """Yield the pieces of one JSON object: who it is about, and under `tables` the rows of each table."""
    session.execute(text(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}"))
    traces = subject.traces
    about = {
        "user_ids": subject.user_ids,
        "person_ids": subject.person_ids,
        "emails": sorted(traces.emails),
        "logins": sorted(traces.logins),
        "names": sorted(traces.names),
    }
    made_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    yield f'{{"made_at": "{made_at}", "about": {_json(about)}, "tables": {{'
    # Whatever a rewriter would change names the person.
    named = Rewriter(traces, Pseudonym("0" * 16))
    separator = ""
    for table in known_tables(session):
        yield f"{separator}\n{json.dumps(table.full_name)}: ["
        yield from _rows(session, table, subject, named)
        yield "]"
        separator = ","
    yield "\n}}\n"


def note_export(session: WriteSession, subject: Subject) -> None:
    """Write into the audit that somebody took the export of a person."""
    kind, key = ("user", subject.user_id) if subject.user_id else ("person", next(iter(subject.person_ids), None))
    record(session, "EXPORT", kind, key)


def _rows(session: ReadSession, table: KnownTable, subject: Subject, named: Rewriter) -> Iterator[str]:
    separator = ""
    for row, own in _found(session, table, subject):
        if own or any(named.value(row.get(each)) != row.get(each) for each in table.texts):
            shown = {key: value for key, value in row.items() if key not in table.rule.hides}
            yield f"{separator}\n{_json(shown)}"
            separator = ","


def _found(session: ReadSession, table: KnownTable, subject: Subject) -> Iterator[tuple[dict[str, Any], bool]]:
    own = table.is_about(subject.values())
    wanted = or_(own, table.names_any(subject.traces.needles))
    this = table.clause.alias("this")
    statement = select(func.to_jsonb(literal_column("this")), own).select_from(this).where(wanted)
    for row in session.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE}):
        yield _readable(row[0], table), bool(row[1])


def _readable(row: dict[str, Any], table: KnownTable) -> dict[str, Any]:
    """Return a row whose bytes, which PostgreSQL writes in hex, are text where they are one."""
    searched = [each for each in table.texts if table.types[each] == "bytea" and row.get(each)]
    return row | {each: bytes.fromhex(row[each][2:]).decode("utf-8", "replace") for each in searched}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
