"""The audit: every change has its entry, in the same transaction, and says who made it without telling secrets."""

import uuid

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError

from kino_core.actors import Actor, ActorType
from kino_core.audit import WITHOUT_TRIGGER, record
from kino_core.database import Database, query
from kino_core.tables import initiative, user


def rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    with database.read() as session:
        return [tuple(row) for row in session.exec_driver_sql(sql)]


def make_initiative(database: Database, by: Actor, name: str = "Growth") -> uuid.UUID:
    key = uuid.uuid4()
    with database.write(by=by) as session:
        query(
            session,
            "INSERT INTO kino.initiative (id, name, created_at) VALUES (:id, :name, now()) RETURNING id",
            id=key,
            name=name,
        )
    return key


def test_every_table_that_people_change_is_audited_or_says_why_not(database: Database) -> None:
    found = dict(
        rows(
            database,
            "SELECT relname, EXISTS (SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgfoid IN"
            " (SELECT oid FROM pg_proc WHERE pronamespace = 'kino'::regnamespace AND proname = 'audit_change'))"
            " FROM pg_class WHERE relnamespace = 'kino'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition",
        )
    )
    silent = {str(table) for table, audited in found.items() if not audited}
    assert silent - set(WITHOUT_TRIGGER) == set(), (
        "give them a trigger of kino.audit_change, or WITHOUT_TRIGGER a reason"
    )
    assert set(WITHOUT_TRIGGER) - silent == set(), "these are audited, or gone: no exemption is needed"


def test_a_change_is_undone_when_the_audit_cannot_take_its_entry(database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql(
            "ALTER TABLE kino.audit ADD CONSTRAINT refuses CHECK (entity_type <> 'initiative') NOT VALID"
        )
    with pytest.raises(DBAPIError):
        make_initiative(database, Actor(ActorType.USER, uuid.uuid4()))
    assert rows(database, "SELECT count(*) FROM kino.initiative") == [(0,)]


def test_an_entry_says_who_what_before_and_after(database: Database) -> None:
    by = Actor(ActorType.USER, uuid.uuid4(), "request-1")
    key = make_initiative(database, by)
    with database.write(by=by) as session:
        session.execute(update(initiative).where(initiative.c.id == key).values(name="Reach"))
    entries = rows(
        database,
        "SELECT actor_type, actor_id, request_id, action, entity_type, entity_id, before ->> 'name',"
        " after ->> 'name', details -> 'changed' FROM kino.audit ORDER BY id",
    )
    who = ("user", by.id, "request-1")
    assert entries == [
        (*who, "CREATE", "initiative", str(key), None, "Growth", None),
        (*who, "UPDATE", "initiative", str(key), "Growth", "Reach", ["name"]),
    ]


def test_without_an_author_the_system_itself_acted(database: Database) -> None:
    with database.write() as session:
        record(session, "EXPORT", "report", None)
    assert rows(database, "SELECT actor_type, actor_id FROM kino.audit") == [("system", None)]


def test_neither_secrets_nor_people_stand_in_an_entry(database: Database) -> None:
    with database.write() as session:
        session.execute(
            insert(user).values(
                id=uuid.uuid4(), email="ada@example.com", name="Ada Lovelace", role="ADMIN", password_hash="$argon2id$x"
            )
        )
    [(entry,)] = rows(database, "SELECT to_jsonb(audit)::text FROM kino.audit")
    for hidden in ("ada@example.com", "Ada Lovelace", "argon2id"):
        assert hidden not in str(entry)
