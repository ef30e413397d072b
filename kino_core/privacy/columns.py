"""The tables as they are in this database, and the SQL that a rule becomes; a rule may know more than a schema has."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, bindparam, cast, column, false, func, or_, table, text
from sqlalchemy.sql.selectable import TableClause

from kino_core.database import ReadSession, WriteSession, query
from kino_core.privacy.pseudonyms import needle_pattern
from kino_core.privacy.sql import read_sql
from kino_core.privacy.tables import TABLES, TEXT_TYPES, Rule

_TYPES = {"user_ids": ARRAY(Uuid), "person_ids": ARRAY(Uuid), "keys": ARRAY(Text), "emails": ARRAY(Text)}


@dataclass(frozen=True)
class KnownTable:
    """A table of this database with its columns (name to type) and its rule."""

    schema: str
    name: str
    types: Mapping[str, str]
    nullable: Collection[str]
    rule: Rule

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns in which people may write anything, as far as this database has them."""
        return tuple(each for each in self.rule.texts if each in self.types)

    @property
    def blanks(self) -> tuple[str, ...]:
        return tuple(each for each in self.rule.blanks if each in self.types)

    @cached_property
    def clause(self) -> TableClause:
        """The table under the name `this`, for statements."""
        return table(self.name, *(column(each) for each in self.types), schema=self.schema)

    def is_about(self, values: Mapping[str, object]) -> ColumnElement[bool]:
        """Return the condition of rows about the person of whom `values` tells (`Subject.values`)."""
        about = self.rule.about
        if not about:
            return false()
        bound = [bindparam(name, values[name], type_=kind) for name, kind in _TYPES.items() if f":{name}" in about]
        return func.coalesce(text(f"({about})").bindparams(*bound), false())

    def names_any(self, needles: Collection[str]) -> ColumnElement[bool]:
        """Return the condition of rows that may name somebody; whether they do, only a rewriter can tell.

        Bytes are not searched: each row has to be looked at where nothing but bytes may name them.
        """
        searched = [each for each in self.texts if self.types[each] != "bytea"]
        if not searched:
            return or_(*(column(each).is_not(None) for each in self.texts)) if self.texts else false()
        return or_(
            false(),
            *(func.lower(cast(column(each), Text)).op("~")(_pattern(needles, self.types[each])) for each in searched),
        )


def known_tables(session: ReadSession | WriteSession) -> list[KnownTable]:
    """Return the tables of this database that have a rule, in the order of the rules."""
    found = {f"{schema}.{name}": columns for (schema, name), columns in _columns(session).items()}
    return [
        KnownTable(
            schema=full_name.partition(".")[0],
            name=full_name.partition(".")[2],
            types={each: kind for each, kind, _ in found[full_name]},
            nullable={each for each, _, nullable in found[full_name] if nullable},
            rule=rule,
        )
        for full_name, rule in TABLES.items()
        if full_name in found
    ]


def undecided(session: ReadSession | WriteSession) -> list[str]:
    """Return the tables without a rule, and the columns of text that their rules do not name."""
    missing = []
    for (schema, name), columns in sorted(_columns(session).items()):
        rule = TABLES.get(f"{schema}.{name}")
        if rule is None:
            missing.append(f"{schema}.{name}")
            continue
        texts = (each for each, kind, _ in columns if kind in TEXT_TYPES)
        missing += [f"{schema}.{name}.{each}" for each in texts if each not in rule.columns]
    return missing


def _columns(session: ReadSession | WriteSession) -> dict[tuple[str, str], list[tuple[str, str, bool]]]:
    tables: dict[tuple[str, str], list[tuple[str, str, bool]]] = {}
    for row in query(session, read_sql("columns")):
        tables.setdefault((row.schema, row.name), []).append((row.column, row.type, row.nullable))
    return tables


def _pattern(needles: Collection[str], kind: str) -> str:
    return needle_pattern(needles, in_json=kind in ("jsonb", "json"))
