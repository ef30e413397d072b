"""Entries of the audit that an erasure rewrites: the chain verifies, and nobody else can rewrite one unseen."""

import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from kino_core.actors import Actor, ActorType
from kino_core.audit import record
from kino_core.database import Database
from kino_core.privacy.columns import known_tables
from kino_core.privacy.pseudonyms import Pseudonym, Rewriter, Traces
from kino_ingest.audit import redact as redact_module
from kino_ingest.audit.chain import COLUMNS, AuditKey, digest, load_audit_key
from kino_ingest.audit.redact import Redactor
from kino_ingest.audit.retention import drop_old_months
from kino_ingest.audit.seal import anchor, seal_next
from kino_ingest.audit.verify import Misfit, verify_audit
from tests.kino_ingest.events import one, rows
from tests.kino_ingest.test_audit_chain import aged, attack, attacking, found, seal

ADA, KIM = "Ada Lovelace", "Kim Possible"
TOKENS = {ADA: "a" * 16, KIM: "b" * 16}


@pytest.fixture
def key(tmp_path: Path) -> AuditKey:
    return load_audit_key(tmp_path / "secrets")


def say(database: Database, *texts: str) -> None:
    """Write an entry for each text, in a transaction of its own."""
    for text in texts:
        with database.write(by=Actor(ActorType.USER, uuid.uuid4(), "a-request")) as session:
            record(session, "EXPORT", "report", f"of {text}", details={"note": text, "share": 0.10, "who": [text, 1]})


def erase(database: Database, key: AuditKey, name: str = ADA, erasure_id: uuid.UUID | None = None) -> int:
    with database.read() as session:
        [table] = [each for each in known_tables(session) if each.full_name == "kino.audit"]
    traces = Traces(names=frozenset([name.lower()]))
    rewriter = Rewriter(traces, Pseudonym(TOKENS[name]))
    return Redactor(database, key, erasure_id or uuid.uuid4(), table, rewriter).redact(traces.needles)


def run(database: Database, *statements: str) -> None:
    with database.write() as session:
        for statement in statements:
            session.exec_driver_sql(statement)


def named(database: Database, name: str = ADA) -> int:
    count: int = one(database, "SELECT count(*) FROM kino.audit WHERE audit::text ILIKE %s", f"%{name}%")
    return count


def test_an_erasure_rewrites_what_entries_say_and_the_chain_verifies(database: Database, key: AuditKey) -> None:
    say(database, "nobody", f"Ask {ADA}", "nobody")
    seal(database)
    anchor(database, key, now=datetime.now(UTC) + timedelta(hours=1))
    say(database, f"{ADA} and {KIM}", "nobody")
    assert erase(database, key) == 2
    assert named(database) == 0
    verdict = verify_audit(database, key)
    assert (verdict.found, verdict.sealed, verdict.redacted, verdict.erasures) == (None, 5, 2, 1)
    assert (verdict.anchors, verdict.waiting.entries) == (1, 0)
    pseudonym = Pseudonym(TOKENS[ADA]).name
    assert rows(database, "SELECT entity_id, details ->> 'note', details ->> 'share' FROM kino.audit WHERE id = 2") == [
        (f"of Ask {pseudonym}", f"Ask {pseudonym}", "0.1")
    ]
    assert erase(database, key) == 0, "nothing is left to be rewritten"
    say(database, "nobody")
    seal(database)
    assert found(database, key) is None, "the chain goes on behind it"


def test_what_is_kept_of_a_changed_row_is_rewritten(database: Database, key: AuditKey) -> None:
    made = uuid.uuid4()
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.initiative (id, name, description, created_at) VALUES (%s, 'Wings', %s, now())",
            (made, f"by {ADA}"),
        )
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.initiative SET description = 'by us' WHERE id = %s", (made,))
    assert erase(database, key) == 2
    pseudonym = Pseudonym(TOKENS[ADA]).name
    told = rows(database, "SELECT before ->> 'description', after ->> 'description' FROM kino.audit ORDER BY id")
    assert told == [(None, f"by {pseudonym}"), (f"by {pseudonym}", "by us")]
    assert found(database, key) is None


def test_an_entry_may_be_rewritten_by_one_erasure_after_another(database: Database, key: AuditKey) -> None:
    say(database, f"{ADA} and {KIM}", ADA, "nobody")
    erase(database, key, ADA)
    erase(database, key, KIM)
    assert rows(database, "SELECT audit_id FROM kino.audit_redaction ORDER BY id") == [(1,), (2,), (1,)]
    verdict = verify_audit(database, key)
    assert (verdict.found, verdict.redacted, verdict.erasures) == (None, 2, 2)
    # The one before is no more than what the entry once was.
    attack(database, "DELETE FROM kino.audit_redaction WHERE id = 3")
    assert found(database, key) == (Misfit.CHANGED, 1)


def test_an_erasure_that_was_killed_goes_on(database: Database, key: AuditKey, monkeypatch: pytest.MonkeyPatch) -> None:
    say(database, ADA, "nobody", ADA, ADA)
    monkeypatch.setattr(redact_module, "ROWS_AT_ONCE", 1)
    whole, batches, erasure_id = Redactor._redact_some, iter(range(9)), uuid.uuid4()

    def killed_at_the_third(self: Redactor, ids: list[int]) -> int:
        if next(batches) == 2:
            raise KeyboardInterrupt
        return whole(self, ids)

    monkeypatch.setattr(Redactor, "_redact_some", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        erase(database, key, erasure_id=erasure_id)
    assert named(database) == 1
    assert found(database, key) is None
    assert erase(database, key, erasure_id=erasure_id) == 1
    verdict = verify_audit(database, key)
    assert (verdict.found, verdict.redacted, verdict.erasures) == (None, 3, 1)


def test_whoever_verifies_beside_an_erasure_sees_nothing_amiss(
    database: Database, key: AuditKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(database, *[ADA] * 30)
    seal(database)
    monkeypatch.setattr(redact_module, "ROWS_AT_ONCE", 1)
    eraser = threading.Thread(target=erase, args=(database, key))
    eraser.start()
    while eraser.is_alive():
        assert found(database, key) is None
    eraser.join()
    assert verify_audit(database, key).redacted == 30


OTHERS = {
    "changed again": ('UPDATE kino.audit SET details = \'{"note": "harmless"}\' WHERE id = 2', Misfit.CHANGED, 2),
    "changed in what no erasure touches": ("UPDATE kino.audit SET action = 'X' WHERE id = 2", Misfit.CHANGED, 2),
    "not noted": ("DELETE FROM kino.audit_redaction WHERE audit_id = 2", Misfit.CHANGED, 2),
    "noted with another digest": (
        "UPDATE kino.audit_redaction SET digest = sha256('x') WHERE audit_id = 2",
        Misfit.FORGED,
        2,
    ),
    "signed by nobody": (
        "UPDATE kino.audit_redaction SET signature = decode(repeat('00', 64), 'hex') WHERE audit_id = 2",
        Misfit.FORGED,
        2,
    ),
    "signed by another key": (
        "UPDATE kino.audit_redaction SET key_id = 'another' WHERE audit_id = 2",
        Misfit.FORGED,
        2,
    ),
    "noted for another entry": ("UPDATE kino.audit_redaction SET audit_id = 3 WHERE audit_id = 2", Misfit.CHANGED, 2),
    "noted of an entry before": ("UPDATE kino.audit_redaction SET audit_id = 1 WHERE audit_id = 2", Misfit.FORGED, 1),
    "of another erasure": (
        "UPDATE kino.audit_redaction SET erasure_id = gen_random_uuid() WHERE audit_id = 2",
        Misfit.FORGED,
        2,
    ),
    "with another seal": ("UPDATE kino.audit_seal SET hash = sha256('x') WHERE position = 2", Misfit.FORGED, 2),
    "taken out": ("DELETE FROM kino.audit WHERE id = 2", Misfit.REMOVED, 2),
    "taken out with all that tells of it": (
        "WITH gone AS (DELETE FROM kino.audit WHERE id = 2), noted AS (DELETE FROM kino.audit_redaction WHERE"
        " audit_id = 2), sealed AS (DELETE FROM kino.audit_seal WHERE position = 2 RETURNING *)"
        " UPDATE kino.audit_seal SET position = 20 FROM sealed WHERE audit_seal.position = 3",
        Misfit.REMOVED,
        2,
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_whoever_else_rewrites_is_noticed(name: str, database: Database, key: AuditKey) -> None:
    say(database, "nobody", ADA, "nobody")
    seal(database)
    erase(database, key)
    assert found(database, key) is None
    statement, misfit, position = OTHERS[name]
    attack(database, statement)
    assert found(database, key) == (misfit, position)


def test_rewritten_entries_cannot_change_places(database: Database, key: AuditKey) -> None:
    say(database, ADA, ADA)
    erase(database, key)
    attack(
        database,
        "CREATE TEMP TABLE swapped ON COMMIT DROP AS SELECT * FROM kino.audit_seal",
        "DELETE FROM kino.audit_seal",
        "INSERT INTO kino.audit_seal SELECT 3 - position, audit_id, occurred_at, hash FROM swapped",
    )
    assert found(database, key) == (Misfit.FORGED, 1)


def test_an_entry_that_was_tampered_with_does_not_pass_for_whole_by_being_erased(
    database: Database, key: AuditKey
) -> None:
    say(database, "nobody", f"{ADA} and {KIM}")
    seal(database)
    attack(database, "UPDATE kino.audit SET action = 'HARMLESS' WHERE id = 2")
    assert erase(database, key, ADA) == 1
    assert found(database, key) == (Misfit.CHANGED, 2)
    assert erase(database, key, KIM) == 1
    assert (named(database, ADA), named(database, KIM)) == (0, 0)
    assert found(database, key) == (Misfit.CHANGED, 2)
    attack(database, "UPDATE kino.audit_redaction SET fits = true")
    assert found(database, key) == (Misfit.FORGED, 2)


def test_an_entry_that_was_put_in_is_erased_and_still_told(database: Database, key: AuditKey) -> None:
    attack(
        database,
        "INSERT INTO kino.audit (actor_type, action, entity_type, entity_id)"
        f" VALUES ('user', 'LOGIN', 'user', '{ADA}')",
    )
    assert erase(database, key) == 1
    assert named(database) == 0
    assert found(database, key) == (Misfit.INSERTED, None)


def test_only_what_was_noted_in_the_same_transaction_can_be_written(database: Database, key: AuditKey) -> None:
    say(database, f"{ADA}", "nobody")
    erase(database, key)
    note = (
        "INSERT INTO kino.audit_redaction (audit_id, erasure_id, digest, fits, key_id, signature)"
        " SELECT {}, erasure_id, digest, fits, key_id, signature FROM kino.audit_redaction"
    )
    for statements in (
        # What was noted before is over.
        ["UPDATE kino.audit SET details = details WHERE id = 1"],
        [note.format(1), "UPDATE kino.audit SET details = '{}' WHERE id = 1"],
        [note.format(2), "UPDATE kino.audit SET details = '{}' WHERE id = 2"],
        [note.format(1), "UPDATE kino.audit SET actor_id = gen_random_uuid() WHERE id = 1"],
        [note.format(1), "UPDATE kino.audit SET xid = '1' WHERE id = 1"],
        [note.format(1), "DELETE FROM kino.audit WHERE id = 1"],
        ["UPDATE kino.audit_redaction SET fits = false"],
        ["DELETE FROM kino.audit_redaction"],
        ["TRUNCATE kino.audit_redaction"],
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            run(database, *statements)
    run(database, note.format(1), "UPDATE kino.audit SET details = details WHERE id = 1")


def test_a_month_with_rewritten_entries_goes_and_the_chain_verifies(database: Database, key: AuditKey) -> None:
    aged(database, 2, timedelta(days=500))
    with attacking(database) as session:
        session.exec_driver_sql("UPDATE kino.audit SET details = %s WHERE id = 2", (json.dumps({"note": ADA}),))
    seal(database, 2)
    assert erase(database, key) == 1
    assert verify_audit(database, key).redacted == 1
    assert len(drop_old_months(database, key)) == 1
    verdict = verify_audit(database, key)
    assert (verdict.sealed, verdict.dropped, verdict.redacted, verdict.found) == (4, 2, 0, None)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)


@hypothesis_settings(max_examples=60)
@given(entity_id=st.none() | TEXT, request_id=st.none() | TEXT, details=st.dictionaries(TEXT, TEXT | st.floats(-9, 9)))
def test_the_trigger_makes_the_same_digest(
    database: Database, entity_id: str | None, request_id: str | None, details: dict[str, str | float]
) -> None:
    with database.write(by=Actor(ActorType.USER, uuid.uuid4(), request_id)) as session:
        record(session, "EXPORT", "report", entity_id, details=details)
        columns = ", ".join(f"{each}::text" if each in ("before", "after", "details") else each for each in COLUMNS)
        statement = f"SELECT {columns} FROM kino.audit ORDER BY id DESC LIMIT 1"
        entry = session.exec_driver_sql(statement).mappings().one()
        session.exec_driver_sql(
            "INSERT INTO kino.audit_redaction (audit_id, erasure_id, digest, fits, key_id, signature)"
            " VALUES (%(id)s, gen_random_uuid(), %(digest)b, true, '', '')",
            {"id": entry["id"], "digest": digest(entry)},
        )
        session.exec_driver_sql("UPDATE kino.audit SET details = details WHERE id = %s", (entry["id"],))


STEPS = st.lists(
    st.sampled_from(["ada", "kim", "both", "nobody", "seal one", "seal", "anchor", "erase ada", "erase kim"]),
    max_size=14,
)


@hypothesis_settings(max_examples=40)
@given(STEPS)
def test_whatever_the_order_the_chain_verifies(
    database: Database, tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    key = load_audit_key(tmp_path_factory.getbasetemp() / "one-key")
    texts = {"ada": ADA, "kim": KIM, "both": f"{ADA}, {KIM}", "nobody": "nobody"}
    now = datetime.now(UTC) + timedelta(days=1)
    for number, step in enumerate(steps):
        match step:
            case "seal one":
                seal_next(database, most=1)
            case "seal":
                seal(database)
            case "anchor":
                anchor(database, key, now=now + timedelta(hours=number))
            case "erase ada" | "erase kim":
                name = ADA if step.endswith("ada") else KIM
                erase(database, key, name)
                assert named(database, name) == 0
            case _:
                say(database, texts[step])
        assert found(database, key) is None
