"""A log that came from another server's dump is put in order again, and nothing in it is lost on the way."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from kino_core.database import Database
from kino_ingest.fold.run import _cut_windows, fold_next, fold_pending
from kino_ingest.landing import land
from tests.kino_ingest.events import agent_event, fold_all, landed, one, rows
from tests.kino_ingest.test_fold import EVENTS, state

FAR_AHEAD = 10**9
STAMPS = "SELECT xid::text::bigint, count(*) FROM landing.event GROUP BY 1 ORDER BY 1"


def as_from_elsewhere(database: Database, *, ahead: int, renamed: bool, folded: bool) -> None:
    """Make the log what it is after a dump of a server whose transaction ids were `ahead` was restored here."""
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.event SET xid = (xid::text::bigint + %s)::text::xid8", (ahead,))
        session.exec_driver_sql(
            "UPDATE landing.fold_cursor SET low = CASE WHEN %s THEN (low::text::bigint + %s)::text::xid8 ELSE '0' END",
            (folded, ahead),
        )
        session.exec_driver_sql(
            "INSERT INTO landing.fold_window SELECT low, (low::text::bigint + 1)::text::xid8 FROM landing.fold_cursor"
        )
        if renamed:
            session.exec_driver_sql("UPDATE landing.fold_cursor SET system_identifier = '7'")


def activities(database: Database) -> Sequence[str]:
    return [name for (name,) in rows(database, "SELECT split_part(event_id, '/', 2) FROM kino.agent_activity")]


@pytest.mark.parametrize("renamed", [True, False], ids=["another server", "a copy of this server"])
@pytest.mark.parametrize("folded", [True, False])
def test_what_was_there_and_what_comes_is_folded(database: Database, renamed: bool, folded: bool) -> None:
    landed(database, EVENTS)
    if folded:
        fold_all(database)
    as_from_elsewhere(database, ahead=FAR_AHEAD, renamed=renamed, folded=folded)
    landed(database, [agent_event("new")])
    fold_all(database, batch_events=3)
    assert "new" in activities(database)
    assert one(database, "SELECT count(*) FROM landing.event WHERE xid >= pg_current_xact_id()") == 0
    mended = state(database)
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.fold_cursor SET low = '0'")
    fold_all(database)
    assert state(database) == mended
    landed(database, [agent_event("newer")])
    fold_all(database)
    assert "newer" in activities(database)


def test_what_an_older_server_cannot_see_of_its_ids_is_folded_too(database: Database) -> None:
    landed(database, [agent_event("skipped")])
    as_from_elsewhere(database, ahead=0, renamed=True, folded=False)
    with database.write() as session:
        # It landed here while the cursor of the other server was still ahead, and the ids have caught up since.
        session.exec_driver_sql("UPDATE landing.fold_cursor SET low = pg_snapshot_xmin(pg_current_snapshot())")
        session.exec_driver_sql("DELETE FROM landing.fold_window")
    fold_all(database)
    assert activities(database) == ["skipped"]


def test_a_log_that_is_at_home_keeps_its_stamps(database: Database) -> None:
    for number in range(5):
        landed(database, [agent_event(f"e{number}")])
    before = rows(database, STAMPS)
    fold_all(database)
    assert rows(database, STAMPS) == before
    assert one(database, "SELECT stamp_to FROM landing.fold_cursor") == 0


def test_each_stamp_is_one_window_at_most(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kino_ingest.fold.run.BATCH_BYTES", 3_000)
    landed(database, [agent_event(f"small{number}") for number in range(7)])
    landed(database, [agent_event(f"large{number}", data={"text": "x" * 5_000}) for number in range(2)])
    as_from_elsewhere(database, ahead=FAR_AHEAD, renamed=True, folded=False)
    fold_all(database, batch_events=3)
    assert [number for _, number in rows(database, STAMPS)] == [3, 3, 1, 1, 1]
    assert len(activities(database)) == 9


def test_what_commits_late_while_the_order_is_mended_is_folded(database: Database) -> None:
    landed(database, [agent_event(f"old{number}") for number in range(6)])
    as_from_elsewhere(database, ahead=FAR_AHEAD, renamed=True, folded=True)
    with database.write() as early:
        # Its transaction is older than the new beginning, and its event comes after.
        early.exec_driver_sql("SELECT pg_current_xact_id()")
        _cut_windows(database, 2)
        assert not one(database, "SELECT moved FROM landing.fold_order")
        with database.write() as late:
            land(late, [agent_event("late")])
            land(early, [agent_event("early")])
            _cut_windows(database, 2)
            landed(database, [agent_event("meanwhile")])
            _cut_windows(database, 2)
    fold_all(database, batch_events=2)
    assert sorted(activities(database)) == ["early", "late", "meanwhile", *(f"old{number}" for number in range(6))]


def test_many_workers_mend_it_together(database: Database) -> None:
    landed(database, [agent_event(f"old{number}") for number in range(60)])
    as_from_elsewhere(database, ahead=FAR_AHEAD, renamed=True, folded=True)
    done = threading.Event()

    def work() -> None:
        while not done.is_set() or fold_pending(database):
            fold_next(database, batch_events=4)

    with ThreadPoolExecutor(3) as workers:
        working = [workers.submit(work) for _ in range(3)]
        for number in range(30):
            landed(database, [agent_event(f"new{number}")])
        done.set()
        for each in working:
            each.result(60)
    assert len(activities(database)) == 90
    assert max(number for _, number in rows(database, STAMPS)) <= 4


def test_a_worker_that_dies_in_between_leaves_the_rest_to_the_next(database: Database) -> None:
    landed(database, [agent_event(f"old{number}") for number in range(9)])
    as_from_elsewhere(database, ahead=FAR_AHEAD, renamed=True, folded=True)
    for _ in range(3):
        _cut_windows(database, 2)
    assert one(database, "SELECT stamping FROM landing.fold_order")
    # Once more to another server before it was done.
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.fold_cursor SET system_identifier = '8'")
    fold_all(database, batch_events=2)
    assert len(activities(database)) == 9
    assert one(database, "SELECT count(*) FROM landing.event WHERE xid >= pg_current_xact_id()") == 0
