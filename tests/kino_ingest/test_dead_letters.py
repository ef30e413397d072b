"""An event that cannot be folded holds up nobody, is tried again, and is never lost."""

import random
import string
from datetime import UTC, datetime

import msgspec
import pytest

from kino_core.database import Database
from kino_core.events import Event
from kino_ingest.dead_letters import replay_between
from kino_ingest.fold import run
from kino_ingest.fold.run import fold_next, fold_pending
from tests.kino_ingest.events import agent_event, fold_all, git_events, landed, one, record, rows

LETTER = """
    SELECT attempts, extract(epoch FROM next_try_at - failed_at)::float FROM landing.dead_letter
"""


def homeless(event_id: str) -> Event:
    """Return an agent's event without a project, which no door lets in."""
    return msgspec.structs.replace(agent_event(event_id), project_id=None)


def refused_by_postgres(number: int) -> Event:
    """Return a commit whose line count fits into no bigint."""
    [event] = git_events(record(number))
    body = event.body | {"files": [{"path": "a", "added": 2**63, "deleted": 0}]}
    return msgspec.structs.replace(event, body=body)


def due_now(database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.dead_letter SET next_try_at = now() WHERE next_try_at IS NOT NULL")


def test_its_neighbours_are_folded(database: Database) -> None:
    events = [*git_events(*(record(number) for number in range(1, 101))), refused_by_postgres(500), homeless("h")]
    landed(database, events[:50] + events[100:] + events[50:100])
    assert fold_all(database) == 2
    assert one(database, 'SELECT count(*) FROM kino."commit"') == 100
    letters = rows(database, "SELECT source, attempts, error FROM landing.dead_letter ORDER BY source")
    assert [letter[:2] for letter in letters] == [("agent", 1), ("git", 1)]
    assert "belongs to the project of its token" in letters[0][2]
    assert "out of range" in letters[1][2]


def test_what_no_index_takes_is_set_apart_too(database: Database) -> None:
    unheard_of = "".join(random.Random(1).choices(string.ascii_lowercase + string.digits, k=20_000))
    landed(database, git_events(record(1), record(2, email=f"{unheard_of}@example.org"), record(3)))
    assert fold_all(database) == 1
    assert one(database, 'SELECT count(*) FROM kino."commit"') == 2
    assert "index row" in one(database, "SELECT error FROM landing.dead_letter")


def test_it_is_tried_after_1_2_4_8_and_16_seconds_and_then_dead(database: Database) -> None:
    landed(database, [homeless("h")])
    seen = []
    for _ in range(6):
        assert fold_pending(database)
        fold_next(database)
        seen += rows(database, LETTER)
        due_now(database)
    assert [attempts for attempts, _ in seen] == [1, 2, 3, 4, 5, 6]
    assert all(wait <= told <= 1.25 * wait for wait, (_, told) in zip((1, 2, 4, 8, 16), seen[:5], strict=True))
    assert seen[5][1] is None
    assert not fold_pending(database)


def test_it_is_not_tried_before_its_time(database: Database) -> None:
    landed(database, [homeless("h")])
    fold_all(database)
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.dead_letter SET next_try_at = now() + interval '1 hour'")
    assert not fold_pending(database)


def test_once_it_folds_it_is_no_letter_any_more(database: Database) -> None:
    landed(database, [homeless("h")])
    fold_all(database)
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.event SET project_id = gen_random_uuid()")
    due_now(database)
    assert fold_next(database).events == 1
    assert one(database, "SELECT count(*) FROM landing.dead_letter") == 0
    assert one(database, "SELECT count(*) FROM kino.agent_activity") == 1


def test_a_source_of_another_version_waits_as_a_letter(database: Database) -> None:
    landed(database, [agent_event("a"), agent_event("b")])
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.event SET source = 'carrier pigeon' WHERE event_id LIKE '%%/a'")
    assert fold_all(database) == 1
    assert rows(database, "SELECT source FROM landing.dead_letter") == [("carrier pigeon",)]
    assert one(database, "SELECT count(*) FROM kino.agent_activity") == 1


def test_a_source_that_keeps_failing_is_told_once(database: Database) -> None:
    landed(database, [homeless(f"h{number}") for number in range(4)])
    assert fold_next(database).failing == []
    landed(database, [homeless("h4"), refused_by_postgres(500)])
    assert fold_next(database).failing == [("agent", 5)]
    landed(database, [homeless("h5")])
    assert fold_next(database).failing == []
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.failing_source SET told_at = now() - interval '11 minutes'")
    landed(database, [homeless("h6")])
    assert fold_next(database).failing == [("agent", 7)]


def test_no_secret_is_kept_in_a_letter(database: Database) -> None:
    landed(database, [agent_event("a")])
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.event SET source = 'ghp_0123456789abcdef'")
    assert fold_all(database) == 1
    [(error, stack)] = rows(database, "SELECT error, stack FROM landing.dead_letter")
    assert "[hidden]" in error
    assert "ghp_" not in error + stack


def test_large_letters_are_tried_in_pieces_that_fit_into_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BATCH_BYTES", 13_000)
    large = [agent_event(f"p{number}", data={"text": "x" * 6_000}) for number in range(4)]
    landed(database, [msgspec.structs.replace(event, project_id=None) for event in large])
    assert fold_next(database).failed == 4
    due_now(database)
    assert [fold_next(database).failed for _ in range(2)] == [2, 2]
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.event SET project_id = gen_random_uuid()")
    monkeypatch.setattr(run, "BATCH_BYTES", 1)
    due_now(database)
    assert [fold_next(database).events for _ in range(4)] == [1, 1, 1, 1]
    assert one(database, "SELECT count(*) FROM landing.dead_letter") == 0


def test_large_events_are_folded_again_in_pieces_that_fit_into_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BATCH_BYTES", 13_000)
    landed(database, [agent_event(f"g{number}", data={"text": "x" * 6_000}) for number in range(5)])
    fold_all(database)
    with database.write() as session:
        replay_between(session, datetime(2020, 1, 1, tzinfo=UTC), folded=True)
    assert [fold_next(database).events for _ in range(3)] == [2, 2, 1]
    assert not fold_pending(database)
