"""Replacing a person in every row of a table that names them, in short transactions, until no row does."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text, and_, cast, column, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import ColumnElement

from kino_core.audit import record
from kino_core.database import Database, WriteSession, query
from kino_core.errors import Unavailable
from kino_core.privacy.columns import KnownTable
from kino_core.privacy.pseudonyms import Rewriter
from kino_core.privacy.sql import read_sql

ROWS_AT_ONCE = 200
"""Rows of one transaction: a long one would hold up every reader of the log."""
MOST_ROUNDS = 20

Row = Mapping[str, Any]
Change = Callable[[Row], dict[str, Any]]
"""What is to stand in which columns of a row; it gets the texts of the table and the columns asked for beside them."""


class StillChanging(Unavailable):
    """Others keep changing the rows that are being rewritten."""

    code = "STILL_CHANGING"


def plain_change(table: KnownTable, rewriter: Rewriter) -> Change:
    """Return the change of a table that needs no rule of its own: each of its texts is rewritten."""
    return lambda row: {each: rewritten(table.types[each], row[each], rewriter) for each in table.texts}


def rewritten(kind: str, value: Any, rewriter: Rewriter) -> Any:  # noqa: ANN401  what a column of that type holds
    """Return the value of a column without the person."""
    if value is None:
        return None
    match kind:
        case "jsonb" | "json":
            return rewriter.json(value.encode()).decode()
        case "bytea":
            return rewriter.json(bytes(value))
        case "ARRAY":
            return [rewriter.text(each) for each in value]
        case _:
            return rewriter.text(value)


def rewrite_rows(
    database: Database, table: KnownTable, needles: list[str], change: Change, *, beside: tuple[str, ...] = ()
) -> int:
    """Rewrite all rows that name the person; return how many. Safe to repeat, and to be killed."""
    done = 0
    for _ in range(MOST_ROUNDS):
        changed = 0
        waiting: list[tuple[Row, dict[str, Any]]] = []
        for row, changes in changing_rows(database, table, needles, change, beside=beside):
            waiting.append((row, changes))
            if len(waiting) == ROWS_AT_ONCE:
                changed += _write(database, table, waiting)
                waiting.clear()
        changed += _write(database, table, waiting)
        done += changed
        # Rows that moved while they were read are found by the next round.
        if not changed:
            return done
    raise StillChanging(f"{table.full_name} is being changed too fast to be rewritten. Run it again when it is calm.")


def changing_rows(
    database: Database,
    table: KnownTable,
    needles: list[str],
    change: Change,
    *,
    beside: tuple[str, ...] = (),
    where: ColumnElement[bool] | None = None,
) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield each row that names the person, of those for which `where` holds, with what has to change in it."""
    if not table.texts or not needles:
        return
    chosen = [_as_read(table, each) for each in (*table.texts, *beside, *(("id",) if "id" in table.types else ()))]
    place = (cast(column("tableoid"), BigInteger).label("tableoid"), cast(column("ctid"), Text).label("ctid"))
    wanted = table.names_any(needles) if where is None else and_(table.names_any(needles), where)
    statement = select(*place, *chosen).select_from(table.clause).where(wanted)
    with database.read() as session:
        for found in session.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE}):
            row = dict(found._mapping)
            changes = {each: value for each, value in change(row).items() if value != row[each]}
            if changes:
                yield row, changes


def _write(database: Database, table: KnownTable, rows: list[tuple[Row, dict[str, Any]]]) -> int:
    if not rows:
        return 0
    with database.write() as session, without_copies_in_the_audit(session, table.schema, table.name):
        return sum(_write_row(session, table, row, changes) for row, changes in rows)


def _write_row(session: WriteSession, table: KnownTable, row: Row, changes: dict[str, Any]) -> bool:
    # A place may hold another row by now: only one that is as it was read is changed.
    unchanged = [_as_read(table, each).is_not_distinct_from(_bound(table, each, row[each])) for each in changes]
    there = text("tableoid = :tableoid AND ctid = CAST(:ctid AS tid)").bindparams(
        tableoid=row["tableoid"], ctid=row["ctid"]
    )
    values = {each: _stored(table, each, value) for each, value in changes.items()}
    statement = update(table.clause).where(there, *unchanged).values(values)
    if not session.execute(statement.returning(literal(1))).all():
        return False
    if table.full_name in _audited(session):
        record(session, "ERASE", table.name, row.get("id"), details={"changed": sorted(changes)})
    return True


@contextmanager
def without_copies_in_the_audit(session: WriteSession, schema: str, table: str) -> Iterator[None]:
    """Keep the triggers from writing into the audit, for good, what is being replaced."""
    triggers = _audited(session).get(f"{schema}.{table}", [])
    for switch in ("DISABLE", "ENABLE"):
        for trigger in triggers:
            session.exec_driver_sql(f'ALTER TABLE "{schema}"."{table}" {switch} TRIGGER "{trigger}"')
        if switch == "DISABLE":
            yield


def _audited(session: WriteSession) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in query(session, read_sql("audited")):
        found.setdefault(row.full_name, []).append(row.trigger)
    return found


def _as_read(table: KnownTable, name: str) -> ColumnElement[Any]:
    kind = table.types[name]
    found: ColumnElement[Any] = column(name, LargeBinary) if kind == "bytea" else column(name)
    return cast(found, Text).label(name) if kind in ("jsonb", "json") else found


def _bound(table: KnownTable, name: str, value: object) -> ColumnElement[Any]:
    kind = table.types[name]
    return literal(value, LargeBinary if kind == "bytea" else ARRAY(Text) if kind == "ARRAY" else Text)


def _stored(table: KnownTable, name: str, value: object) -> ColumnElement[Any]:
    bound = _bound(table, name, value)
    return cast(bound, JSONB) if table.types[name] in ("jsonb", "json") else bound
