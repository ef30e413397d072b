"""Every table and every column of text has a rule; a rule that is wrong is found by running it."""

import json
import uuid

from hypothesis import given
from hypothesis import strategies as st

from kino_core.database import Database, query
from kino_core.privacy.columns import known_tables, undecided
from kino_core.privacy.export import export
from kino_core.privacy.pseudonyms import WHITE_SPACE, Traces, needle_pattern
from kino_core.privacy.subjects import Subject
from kino_core.privacy.tables import TABLES

HINT = "Say in kino_core/privacy/tables.py what of it is about people, and what an erasure does to it."


def test_every_table_and_column_of_text_has_a_rule(database: Database) -> None:
    with database.read() as session:
        assert undecided(session) == [], HINT


def test_a_new_table_or_column_is_noticed(database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql('ALTER TABLE kino."user" ADD COLUMN nickname text, ADD COLUMN shoe_size integer')
        session.exec_driver_sql("CREATE TABLE kino.diary (id uuid PRIMARY KEY)")
        assert undecided(session) == ["kino.diary", "kino.user.nickname"]


def test_a_table_is_about_people_or_says_why_it_is_not() -> None:
    for name, rule in TABLES.items():
        personal = bool(rule.about or rule.texts or rule.handled)
        assert personal != bool(rule.why), name
        assert not (rule.deletes and not rule.about), name
        assert rule.about or not rule.blanks, name


SPACES = st.text(st.sampled_from(WHITE_SPACE), min_size=1, max_size=3)


@given(SPACES, st.sampled_from(["Ada", 'Zoë "Z" \\ (x)', "Ångström.*"]))
def test_postgres_finds_a_name_whatever_white_space_is_in_it(database: Database, between: str, word: str) -> None:
    needles = ["nobody else", f"{word} lovelace".lower()]
    text = f"says {word}{between}Lovelace."
    with database.read() as session:
        for given_text, in_json in ((text, False), (json.dumps([text]), True)):
            kind = "jsonb" if in_json else "text"
            statement = f"SELECT lower(CAST(CAST(:text AS {kind}) AS text)) ~ :pattern AS found"
            pattern = needle_pattern(needles, in_json=in_json)
            [row] = query(session, statement, text=given_text, pattern=pattern)
            assert row.found
            [row] = query(session, statement, text=given_text.replace("ovelace", "acelove"), pattern=pattern)
            assert not row.found


def test_every_rule_runs_in_the_schema_as_it_is(database: Database) -> None:
    somebody = Subject(
        (uuid.uuid4(),),
        (uuid.uuid4(),),
        Traces(frozenset(["email:a@example.org"]), frozenset(["a@example.org"]), names=frozenset(['o"hara \\ %'])),
    )
    with database.read() as session:
        text = "".join(export(session, somebody))
        for table in known_tables(session):
            assert f'"{table.full_name}": []' in text
