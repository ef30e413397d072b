"""The audit's hash chain: what tampering it notices, and what it does not take for tampering."""

import secrets
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from kino_core.actors import Actor, ActorType
from kino_core.audit import record
from kino_core.database import Database, WriteSession
from kino_ingest.audit.chain import AuditKey, load_audit_key
from kino_ingest.audit.retention import drop_old_months
from kino_ingest.audit.seal import anchor, seal_next, unsealed
from kino_ingest.audit.verify import Misfit, Verdict, verify_audit
from kino_ingest.partitions import keep_partitions
from kino_ingest.upkeep import Upkeep
from tests.kino_ingest.events import one, rows

LATER = datetime.now(UTC) + timedelta(hours=2)


@pytest.fixture
def key(tmp_path: Path) -> AuditKey:
    return load_audit_key(tmp_path / "secrets")


def write(database: Database, number: int = 1) -> None:
    """Write entries, each in a transaction of its own."""
    for _ in range(number):
        with database.write(by=Actor(ActorType.USER, uuid.uuid4(), "a-request")) as session:
            record(session, "EXPORT", "report", uuid.uuid4(), details={"format": "pdf", "share": 0.10})


def seal(database: Database, entries: int = 0) -> None:
    write(database, entries)
    while seal_next(database):
        pass


def found(database: Database, key: AuditKey) -> tuple[Misfit, int | None] | None:
    verdict = verify_audit(database, key)
    return (verdict.found.misfit, verdict.found.position) if verdict.found else None


@contextmanager
def attacking(database: Database) -> Iterator[WriteSession]:
    """Somebody who owns the database: no trigger keeps them from anything."""
    with database.write() as session:
        session.exec_driver_sql("SET LOCAL session_replication_role = replica")
        yield session


def attack(database: Database, *statements: str) -> None:
    with attacking(database) as session:
        for statement in statements:
            session.exec_driver_sql(statement)


def test_what_was_sealed_verifies_and_what_waits_is_counted(database: Database, key: AuditKey) -> None:
    seal(database, 5)
    write(database, 2)
    verdict = verify_audit(database, key)
    assert (verdict.sealed, verdict.waiting.entries, verdict.found) == (5, 2, None)
    assert verify_audit(database, key) == verdict
    seal(database)
    assert verify_audit(database, key).sealed == 7


def test_an_entry_that_commits_late_is_sealed_later_and_not_passed_over(database: Database, key: AuditKey) -> None:
    opened, may_end = threading.Event(), threading.Event()

    def late() -> None:
        with database.write() as session:
            record(session, "LATE", "report", None)
            opened.set()
            assert may_end.wait(60)

    thread = threading.Thread(target=late)
    thread.start()
    assert opened.wait(60)
    seal(database, 3)
    may_end.set()
    thread.join(60)
    assert verify_audit(database, key).waiting.entries == 1
    seal(database)
    assert rows(database, "SELECT action FROM kino.audit JOIN kino.audit_seal ON audit_id = id ORDER BY position")[
        -1
    ] == ("LATE",)
    assert found(database, key) is None


def test_a_rolled_back_change_leaves_neither_entry_nor_seal(database: Database, key: AuditKey) -> None:
    with database.write() as session:
        record(session, "EXPORT", "report", None)
        session.rollback()
    assert one(database, "SELECT count(*) FROM kino.audit_unsealed") == 0
    assert seal_next(database) == 0


def test_nobody_seals_beside_the_one_who_seals(database: Database) -> None:
    write(database, 2)
    with database.write() as session:
        session.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (0x6B61_7564_6974,))
        assert seal_next(database) == 0
    assert seal_next(database, most=1) == 1
    assert seal_next(database) == 1


ATTACKS = {
    "a changed entry": ("UPDATE kino.audit SET actor_id = gen_random_uuid() WHERE id = 3", Misfit.CHANGED, 3),
    "changed details": ("UPDATE kino.audit SET details = details || '{\"x\": 1}' WHERE id = 3", Misfit.CHANGED, 3),
    "a changed time": (
        "UPDATE kino.audit SET occurred_at = occurred_at + interval '1 us' WHERE id = 3",
        Misfit.REMOVED,
        3,
    ),
    "a removed entry": ("DELETE FROM kino.audit WHERE id = 4", Misfit.REMOVED, 4),
    "a removed seal": ("DELETE FROM kino.audit_seal WHERE position = 4", Misfit.REMOVED, 4),
    "an entry and its seal removed": (
        "WITH gone AS (DELETE FROM kino.audit WHERE id = 4) DELETE FROM kino.audit_seal WHERE position = 4",
        Misfit.REMOVED,
        4,
    ),
    "an inserted entry": (
        "INSERT INTO kino.audit (actor_type, action, entity_type) VALUES ('user', 'LOGIN', 'user')",
        Misfit.INSERTED,
        None,
    ),
    "an entry with the number of another": (
        "INSERT INTO kino.audit (id, occurred_at, actor_type, action, entity_type) OVERRIDING SYSTEM VALUE"
        " SELECT id, occurred_at + interval '1 s', actor_type, action, entity_type FROM kino.audit WHERE id = 2",
        Misfit.INSERTED,
        None,
    ),
    "another hash": ("UPDATE kino.audit_seal SET hash = sha256('x') WHERE position = 5", Misfit.CHANGED, 5),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_tampering_is_named_by_the_first_entry_that_does_not_fit(name: str, database: Database, key: AuditKey) -> None:
    seal(database, 6)
    statement, misfit, position = ATTACKS[name]
    attack(database, statement)
    assert found(database, key) == (misfit, position)


def test_entries_in_another_order_do_not_fit(database: Database, key: AuditKey) -> None:
    seal(database, 6)
    attack(
        database,
        "CREATE TEMP TABLE swapped ON COMMIT DROP AS SELECT * FROM kino.audit_seal WHERE position IN (3, 4)",
        "DELETE FROM kino.audit_seal WHERE position IN (3, 4)",
        "INSERT INTO kino.audit_seal SELECT 7 - position, audit_id, occurred_at, hash FROM swapped",
    )
    assert found(database, key) == (Misfit.CHANGED, 3)


def test_an_entry_taken_out_before_it_was_sealed_is_missed(database: Database, key: AuditKey) -> None:
    seal(database, 2)
    write(database)
    attack(database, "DELETE FROM kino.audit WHERE id = 3")
    seal(database)
    assert found(database, key) == (Misfit.REMOVED, 3)


def test_an_entry_that_nobody_seals_is_told_after_some_minutes(database: Database, key: AuditKey) -> None:
    write(database)
    assert found(database, key) is None
    attack(
        database,
        "UPDATE kino.audit SET occurred_at = occurred_at - interval '6 minutes'",
        "UPDATE kino.audit_unsealed SET occurred_at = occurred_at - interval '6 minutes'",
    )
    with database.read() as session:
        assert unsealed(session).late
    assert found(database, key) == (Misfit.UNSEALED, None)


def test_the_audit_takes_inserts_alone(database: Database) -> None:
    seal(database, 1)
    month = f"kino.audit_{datetime.now(UTC):%Y_%m}"
    for statement in (
        "UPDATE kino.audit SET action = 'X'",
        "DELETE FROM kino.audit",
        "TRUNCATE kino.audit",
        f"DELETE FROM {month}",
        f"TRUNCATE {month}",
        "TRUNCATE kino.audit_default",
        "UPDATE kino.audit_seal SET position = 9",
        "DELETE FROM kino.audit_seal",
        "TRUNCATE kino.audit_seal",
    ):
        with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
            session.exec_driver_sql(statement)


# Anchors in the landing log


def test_five_minutes_with_new_entries_are_told_to_the_log_once(database: Database, key: AuditKey) -> None:
    seal(database, 3)
    assert anchor(database, key, now=datetime.now(UTC).replace(minute=0, second=0, microsecond=0)) is None
    assert anchor(database, key, now=LATER) == 3
    assert anchor(database, key, now=LATER) is None
    assert anchor(database, key, now=LATER + timedelta(hours=1)) is None, "nothing is new"
    seal(database, 1)
    assert anchor(database, key, now=LATER) is None, "five minutes are not over"
    assert anchor(database, key, now=LATER + timedelta(minutes=5)) == 4
    told = rows(database, "SELECT type, source, body ->> 'position' FROM landing.event ORDER BY id")
    assert told == [("audit_sealed", "kino", "3"), ("audit_sealed", "kino", "4")]
    assert verify_audit(database, key).anchors == 2


def test_a_chain_whose_end_was_cut_off_contradicts_the_log(database: Database, key: AuditKey) -> None:
    seal(database, 4)
    anchor(database, key, now=LATER)
    attack(
        database,
        "DELETE FROM kino.audit WHERE id > 2",
        "DELETE FROM kino.audit_seal WHERE position > 2",
        "DELETE FROM kino.audit_anchor",
    )
    assert found(database, key) == (Misfit.CUT_OFF, 3)


def test_a_chain_that_was_written_anew_contradicts_the_log(database: Database, key: AuditKey) -> None:
    seal(database, 4)
    anchor(database, key, now=LATER)
    attack(
        database,
        "UPDATE kino.audit SET action = 'HARMLESS' WHERE id = 2",
        "DELETE FROM kino.audit_seal",
        "INSERT INTO kino.audit_unsealed SELECT id, occurred_at FROM kino.audit",
    )
    seal(database)
    assert found(database, key) == (Misfit.REWRITTEN, 4)


def test_an_anchor_that_was_changed_along_is_not_signed(database: Database, key: AuditKey) -> None:
    seal(database, 2)
    anchor(database, key, now=LATER)
    attack(database, "UPDATE landing.event SET body = body || '{\"hash\": \"00\"}' WHERE type = 'audit_sealed'")
    assert found(database, key) == (Misfit.FORGED, 2)


# Months


def aged(database: Database, entries: int, age: timedelta) -> str:
    """Write entries of a month long past and return the name of its partition."""
    moment = datetime.now(UTC) - age
    with database.write() as session:
        session.exec_driver_sql("SELECT kino.keep_audit_partitions(%s, 1)", (moment.date(),))
    write(database, entries)
    with attacking(database) as session:
        session.exec_driver_sql(
            "WITH old AS (UPDATE kino.audit SET occurred_at = %s WHERE id IN (SELECT audit_id FROM kino.audit_unsealed)"
            " RETURNING id) UPDATE kino.audit_unsealed SET occurred_at = %s",
            (moment, moment),
        )
    return f"kino.audit_{moment:%Y_%m}"


def test_a_month_that_is_old_enough_goes_and_the_chain_verifies(database: Database, key: AuditKey) -> None:
    partition = aged(database, 3, timedelta(days=500))
    assert drop_old_months(database, key) == [], "its entries are not sealed yet"
    seal(database)
    seal(database, 2)
    assert drop_old_months(database, key) == [partition]
    assert one(database, "SELECT to_regclass(%s)", partition) is None
    verdict = verify_audit(database, key)
    assert (verdict.sealed, verdict.dropped, verdict.found) == (5, 3, None)
    assert drop_old_months(database, key) == []
    assert rows(database, "SELECT body ->> 'entries' FROM landing.event WHERE type = 'audit_month_dropped'") == [("3",)]


def test_a_month_of_this_year_stays(database: Database, key: AuditKey) -> None:
    aged(database, 1, timedelta(days=300))
    seal(database)
    assert drop_old_months(database, key) == []


def test_a_month_that_somebody_else_took_out_is_missed(database: Database, key: AuditKey) -> None:
    partition = aged(database, 3, timedelta(days=500))
    seal(database)
    attack(database, f"DROP TABLE {partition}")
    assert found(database, key) == (Misfit.REMOVED, 1)
    attack(
        database,
        "INSERT INTO kino.audit_cut (starts, ends, entries, digest, key_id, signature)"
        f" VALUES ('2000-01-01', '2100-01-01', 3, sha256('x'), '{key.id}', sha256('{secrets.token_hex(4)}'))",
    )
    assert found(database, key) == (Misfit.FORGED, None)


def test_seals_of_a_dropped_month_cannot_change(database: Database, key: AuditKey) -> None:
    aged(database, 3, timedelta(days=500))
    seal(database)
    drop_old_months(database, key)
    attack(database, "UPDATE kino.audit_seal SET hash = sha256('x') WHERE position = 2")
    assert found(database, key) == (Misfit.REMOVED, None)


def test_a_month_that_was_missing_gets_its_partition_without_moving_an_entry(database: Database, key: AuditKey) -> None:
    now = datetime.now(UTC)
    attack(database, f"DROP TABLE kino.audit_{now:%Y_%m}")
    seal(database, 3)
    assert one(database, "SELECT count(*) FROM kino.audit_default") == 3
    assert keep_partitions(database) == 1
    assert one(database, "SELECT DISTINCT tableoid::regclass::text FROM kino.audit") == f"kino.audit_{now:%Y_%m}"
    assert one(database, "SELECT count(*) FROM kino.audit_default") == 0
    assert found(database, key) is None
    assert keep_partitions(database) == 0
    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.exec_driver_sql(f"TRUNCATE kino.audit_{now:%Y_%m}")


def test_several_missing_months_share_a_partition(database: Database, key: AuditKey) -> None:
    now = datetime.now(UTC)
    months = one(database, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'kino.audit'::regclass")
    seal(database, 2)
    attack(
        database,
        "UPDATE kino.audit SET occurred_at = now() + interval '200 days' WHERE id = 1",
        "UPDATE kino.audit SET occurred_at = now() + interval '240 days' WHERE id = 2",
    )
    assert keep_partitions(database) == 1
    assert one(database, "SELECT count(*) FROM kino.audit_default") == 0
    assert one(database, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'kino.audit'::regclass") == months + 1
    with database.write() as session:
        # Every month up to there is made, but for those that the shared partition holds.
        session.exec_driver_sql("SELECT kino.keep_audit_partitions(%s, 12)", (now.date(),))
    assert keep_partitions(database) == 0


# The worker


def test_a_worker_seals_what_comes(database: Database, key: AuditKey) -> None:
    write(database, 3)
    Upkeep(database, key).do_what_is_due()
    verdict: Verdict = verify_audit(database, key)
    assert (verdict.sealed, verdict.waiting.entries, verdict.found) == (3, 0, None)
