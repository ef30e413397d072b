"""The operational tables are a function of the set of events."""

import contextlib
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kino_core.database import Database, DatabaseUnavailable
from kino_core.events import Event, agent_key, repository_id, stable_id
from kino_ingest.fold import apply, run
from kino_ingest.fold.run import _cut_windows, fold_next, fold_pending
from kino_ingest.fold.write import MERGE_LOCK
from kino_ingest.sql import read_sql
from tests.kino_ingest.events import (
    PROJECT,
    agent_event,
    fold_all,
    git_events,
    github_event,
    landed,
    one,
    pull_request,
    record,
    rows,
    sha,
)

CLAUDE = "Co-authored-by: Claude <noreply@anthropic.com>"
TABLES = {
    "repository": "id, full_name, project_id",
    "person": "*",
    "agent": "*",
    "identity": "*",
    '"commit"': "*",
    "pull_request": "*",
    "agent_activity": "occurred_at, source, event_id, project_id, agent_id, event_type, task_id, data",
}


def state(database: Database) -> dict[str, list[Any]]:
    """Return every operational row, whatever order they were written in."""
    tables = {
        name: sorted(map(repr, rows(database, f"SELECT {columns} FROM kino.{name}")))
        for name, columns in TABLES.items()
    }
    return tables | {"dead": sorted(rows(database, "SELECT source, event_id FROM landing.dead_letter"))}


def forget(database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql("""
            TRUNCATE landing.event, landing.claim, landing.dead_letter, landing.fold_window, kino.repository,
                kino.person, kino.agent, kino.identity, kino.agent_activity, kino."commit", kino.pull_request CASCADE
        """)
        session.exec_driver_sql("UPDATE landing.fold_cursor SET low = '0'")


def history() -> list[Event]:
    """Return events that tell of the same things in different words."""
    at = datetime(2026, 10, 1, tzinfo=UTC)
    git = git_events(
        record(1, "Begin", at="2026-03-01T10:00:00Z"),
        record(2, "Add wings (#7)", at="2026-03-02T10:00:00Z", parents=[1], trailers=CLAUDE, author="ada"),
        record(3, "Merge pull request #7 from ada/claude/fly", at="2026-03-02T09:00:00Z", parents=[1, 2]),
        record(4, "Backport wings (#7)", at="2026-03-02T09:00:00Z", email="1+ada@users.noreply.github.com"),
        record(
            5,
            "Fix (#8)",
            at="2026-03-03T10:00:00Z",
            trailers="Made-with: Cursor",
            email="9+claude[bot]@users.noreply.github.com",
        ),
        record(6, "Bump", at="2026-03-04T10:00:00Z", email="49699333+dependabot[bot]@users.noreply.github.com"),
    )
    spelled = git_events(record(9, at="2026-03-05T10:00:00Z"), repository="ACME/Engine", project_id=None)
    pushed = [
        {
            "id": sha(number),
            "message": f"Change something\n\n{CLAUDE}",
            "timestamp": "2026-03-06T10:00:00Z",
            "author": {"name": "Ada Lovelace", "email": "ada@example.org"},
        }
        for number in (10, 11)
    ]
    pushes = [
        github_event("push", "p1", {"ref": "refs/heads/main", "commits": pushed[:1]}),
        github_event("push", "p2", {"ref": "refs/heads/main", "commits": pushed}),
        github_event("push", "p3", {"ref": "refs/heads/claude/fly", "commits": [pushed[0] | {"id": sha(12)}]}),
    ]
    same = git_events(record(10, at="2026-03-06T10:00:00Z", trailers=CLAUDE))
    pulls = [
        pull_request(8, "d1", "2026-02-28T08:00:00Z", "opened", draft=True),
        pull_request(8, "d2", "2026-02-28T09:00:00Z", "ready_for_review", title="Fix it"),
        pull_request(8, "d3", "2026-02-28T09:00:00Z", "edited", title="Fix it well"),
        pull_request(9, "d4", "2026-03-07T09:00:00Z", "opened"),
        pull_request(
            9,
            "d5",
            "2026-03-08T09:00:00Z",
            "closed",
            state="closed",
            merged_at="2026-03-08T09:00:00Z",
            closed_at="2026-03-08T09:00:00Z",
            merge_commit_sha=sha(20),
        ),
        github_event(
            "pull_request_review",
            "r1",
            {"review": {"user": {"login": "Grace"}, "submitted_at": "2026-03-07T12:00:00Z"}},
        ),
        github_event("star", "s1", {"action": "created"}),
    ]
    reports = [
        agent_event("a1", "task_completed", at),
        agent_event("a2", "task_started", at - timedelta(hours=1), agent_type="CODEX"),
        agent_event("a3", "blocker_identified", at, data={"description": "no key"}),
        agent_event("a4", "task_started", datetime(2024, 2, 1, tzinfo=UTC), agent_id="devin"),
    ]
    return [*git, *spelled, *pushes, *same, *pulls, *reports, github_event("push", "bad", {"ref": 1})]


EVENTS = history()


@examples(max_examples=15)
@given(st.data())
def test_any_order_repetition_and_batches_give_the_same_tables(database: Database, data: st.DataObject) -> None:
    forget(database)
    landed(database, EVENTS)
    fold_all(database)
    expected = state(database)

    forget(database)
    left = data.draw(st.permutations(EVENTS))
    left += data.draw(st.lists(st.sampled_from(EVENTS), max_size=5))
    while left:
        size = data.draw(st.integers(1, len(left)))
        landed(database, left[:size])
        left = left[size:]
        if data.draw(st.booleans()):
            fold_all(database, batch_events=data.draw(st.integers(1, 10)))
    fold_all(database)
    assert state(database) == expected


def test_folding_the_whole_log_again_changes_nothing(database: Database) -> None:
    landed(database, EVENTS)
    fold_all(database)
    before = state(database)
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.fold_cursor SET low = '0'")
    fold_all(database)
    assert state(database) == before


def test_what_the_history_tells(database: Database) -> None:
    landed(database, EVENTS)
    fold_all(database)
    commit = 'SELECT lines_added, lines_deleted, agent_id FROM kino."commit" WHERE sha = %s'
    assert rows(database, commit, sha(1)) == [(1, 2, None)]
    assert rows(database, commit, sha(2)) == [(1, 2, agent_key("claude"))]
    assert rows(database, commit, sha(5)) == [(1, 2, agent_key("claude"))]
    assert rows(database, commit, sha(10)) == [(1, 2, agent_key("claude"))]
    assert rows(database, commit, sha(11)) == [(None, None, agent_key("claude"))]
    assert rows(database, commit, sha(12)) == []
    assert rows(database, "SELECT id, full_name FROM kino.repository") == [
        (repository_id("acme/engine"), "ACME/Engine")
    ]
    pulls = "SELECT number, state, title, branch, told_by, merge_sha FROM kino.pull_request ORDER BY number"
    assert rows(database, pulls) == [
        (7, "merged", "Merge pull request #7 from ada/claude/fly", "claude/fly", "git", sha(3)),
        (8, "merged", "Fix it well", "claude/fly", "github+git", sha(5)),
        (9, "merged", "Make it fly", "claude/fly", "github", sha(20)),
    ]
    ready = one(database, "SELECT ready_at FROM kino.pull_request WHERE number = 8")
    assert ready == datetime(2026, 2, 28, 9, tzinfo=UTC)
    assert rows(database, "SELECT name, agent_type FROM kino.agent ORDER BY name") == [
        ("claude", "CLAUDE"),
        ("claude-7", "CLAUDE"),
        ("cursor", "CURSOR"),
        ("devin", "OTHER"),
    ]
    people = dict(rows(database, "SELECT key, kind FROM kino.identity WHERE person_id IS NOT NULL"))
    assert people == {
        "email:ada@example.org": "human",
        "github:ada": "human",
        "github:grace": "human",
        "github:dependabot[bot]": "automation",
    }
    assert (
        one(database, "SELECT name FROM kino.person WHERE id = %s", stable_id("person", "email:ada@example.org"))
        == "Ada Lovelace"
    )


def test_an_identity_that_was_merged_into_another_person_stays_there(database: Database) -> None:
    landed(
        database, git_events(record(1), record(2, email="1+ada@users.noreply.github.com", at="2026-03-02T10:00:00Z"))
    )
    fold_all(database)
    kept, merged = stable_id("person", "email:ada@example.org"), stable_id("person", "github:ada")
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.identity SET person_id = %s WHERE key = 'github:ada'", (kept,))
        session.exec_driver_sql("DELETE FROM kino.person WHERE id = %s", (merged,))
    landed(database, git_events(record(3, email="1+ada@users.noreply.github.com", at="2026-05-01T10:00:00Z")))
    fold_all(database)
    assert rows(database, "SELECT id, last_seen_at FROM kino.person") == [(kept, datetime(2026, 5, 1, 10, tzinfo=UTC))]


@pytest.mark.parametrize("kinds", list(itertools.permutations(["task_started", "task_completed", "code_commit"])))
def test_the_last_thing_an_agent_did_is_the_last_by_its_own_clock(database: Database, kinds: tuple[str, ...]) -> None:
    at = {"task_started": 1, "code_commit": 2, "task_completed": 3}
    for kind in kinds:
        landed(database, [agent_event(kind, kind, datetime(2026, 10, at[kind], tzinfo=UTC))])
        fold_all(database)
    [(first, last, kind)] = rows(database, "SELECT first_seen_at, last_seen_at, last_event_type FROM kino.agent")
    assert (first.day, last.day, kind) == (1, 3, "task_completed")


def test_an_event_of_a_transaction_that_commits_late_is_folded(database: Database) -> None:
    with database.write() as slow:
        slow.exec_driver_sql("SELECT pg_current_xact_id()")
        landed(database, [agent_event("quick")])
        # A reader by id or time would take this one now and never see the slow one.
        assert not fold_pending(database)
        assert fold_next(database).events == 0
        from kino_ingest.landing import land

        land(slow, [agent_event("slow")])
    fold_all(database)
    assert one(database, "SELECT count(*) FROM kino.agent_activity") == 2


def test_a_window_is_full_by_bytes_too(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BATCH_BYTES", 10_000)
    for number in range(4):
        landed(database, [agent_event(f"large{number}", data={"description": "x" * 6_000})])
    landed(database, [agent_event(f"small{number}") for number in range(3)])
    # A transaction that is too large by itself is still one window.
    landed(database, [agent_event(f"both{number}", data={"description": "x" * 6_000}) for number in range(2)])
    assert [fold_next(database).events for _ in range(7)] == [1, 1, 1, 4, 2, 0, 0]


@pytest.mark.parametrize(
    ("statement", "values"),
    [("fold_pending", {}), ("fold_state", {}), ("fold_cut", {"batch_events": 100, "batch_bytes": 10**6})],
)
def test_looking_for_more_does_not_go_through_the_log(
    database: Database, statement: str, values: dict[str, Any]
) -> None:
    with database.write() as session:
        session.exec_driver_sql("""
            INSERT INTO landing.event (received_at, xid, source, event_id, type, occurred_at, body, raw)
            SELECT now(), (number / 100)::text::xid8, 'agent', number::text, 'task_started', now(), '{}', '{}'
            FROM generate_series(1, 30000) AS landed (number)
        """)
    with database.write() as session:
        session.exec_driver_sql("ANALYZE landing.event")
    for low in ("299", "301"):
        with database.write() as session:
            session.exec_driver_sql("UPDATE landing.fold_cursor SET low = %s::text::xid8", (low,))
            explained = session.exec_driver_sql(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + read_sql(statement), values
            )
            [plan] = explained.scalar_one()
            session.rollback()
        assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 100


def test_an_activity_is_stored_in_the_partition_of_its_month(database: Database) -> None:
    old = datetime.now(UTC) - timedelta(days=400)
    landed(database, [agent_event("old", at=old), agent_event("ancient", at=datetime(1980, 1, 1, tzinfo=UTC))])
    fold_all(database)
    where = dict(
        rows(database, "SELECT split_part(event_id, '/', 2), tableoid::regclass::text FROM kino.agent_activity")
    )
    assert where == {"old": f"kino.agent_activity_{old:%Y_%m}", "ancient": "kino.agent_activity_default"}


@examples(max_examples=8)
@given(st.data())
def test_many_workers_at_once_give_the_same_tables(database: Database, data: st.DataObject) -> None:
    forget(database)
    landed(database, EVENTS)
    fold_all(database)
    expected = state(database)

    forget(database)
    left = data.draw(st.permutations(EVENTS)) + data.draw(st.lists(st.sampled_from(EVENTS), max_size=5))
    done = threading.Event()

    def work() -> None:
        while not done.is_set() or fold_pending(database):
            fold_next(database, batch_events=2)

    with ThreadPoolExecutor(3) as workers:
        working = [workers.submit(work) for _ in range(3)]
        while left:
            size = data.draw(st.integers(1, len(left)))
            landed(database, left[:size])
            left = left[size:]
        done.set()
        for each in working:
            each.result(60)
    assert state(database) == expected


def test_a_window_that_somebody_folds_is_left_to_them(database: Database) -> None:
    for name in ("a", "b", "c"):
        landed(database, [agent_event(name)])
    with database.write() as other:
        _cut_windows(database, 1)
        taken = other.exec_driver_sql(read_sql("fold_take")).one()
        assert fold_next(database, batch_events=1).events == 1
        assert fold_next(database, batch_events=1).events == 1
        assert fold_next(database, batch_events=1).events == 0
        assert fold_pending(database)
        other.rollback()
    assert int(taken.low) < int(taken.high)
    # What its worker left behind when it died is folded by the next one.
    assert fold_next(database).events == 1
    assert not fold_pending(database)
    assert one(database, "SELECT count(*) FROM kino.agent_activity") == 3


def test_workers_whose_connections_are_cut_lose_and_double_nothing(database: Database) -> None:
    for number in range(200):
        landed(database, [agent_event(f"e{number}"), *git_events(record(number + 1))])
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with contextlib.suppress(DatabaseUnavailable):
                fold_next(database, batch_events=5)

    def finished() -> bool:
        with contextlib.suppress(DatabaseUnavailable):
            return not fold_pending(database)
        return False

    with ThreadPoolExecutor(2) as workers:
        working = [workers.submit(work) for _ in range(2)]
        deadline = time.monotonic() + 60
        while not finished():
            assert time.monotonic() < deadline, "it is never done"
            with contextlib.suppress(DatabaseUnavailable), database.write() as session:
                session.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND query LIKE '%%landing.%%'"
                )
            time.sleep(0.05)
        stop.set()
        for each in working:
            each.result(30)
    assert one(database, "SELECT count(*) FROM kino.agent_activity") == 200
    assert one(database, 'SELECT count(*) FROM kino."commit"') == 200
    assert one(database, "SELECT count(*) FROM landing.dead_letter") == 0


def test_a_worker_that_is_cut_off_in_the_middle_of_its_window_loses_and_doubles_nothing(database: Database) -> None:
    landed(database, [agent_event("a"), *git_events(*(record(number) for number in range(1, 51)))])
    waiting = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with ThreadPoolExecutor(1) as worker, database.write() as other:
        other.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (MERGE_LOCK,))
        cut_off = worker.submit(fold_next, database)
        deadline = time.monotonic() + 30
        while not rows(database, waiting):
            assert time.monotonic() < deadline, "the worker never came to the middle"
            time.sleep(0.01)
        assert one(database, f"SELECT pg_terminate_backend(({waiting}))")
        with pytest.raises(DatabaseUnavailable):
            cut_off.result(30)
    assert one(database, 'SELECT count(*) FROM kino."commit"') == 0
    assert fold_next(database).events == 51
    assert not fold_pending(database)
    assert one(database, 'SELECT count(*) FROM kino."commit"') == 50
    assert one(database, "SELECT count(*) FROM kino.agent_activity") == 1


def test_workers_with_crossing_keys_never_wait_for_one_another_in_a_circle(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "MOST_TRIES", 1)
    [poison] = git_events(record(99))
    poison = msgspec.structs.replace(
        poison, body=poison.body | {"files": [{"path": "a", "added": 2**63, "deleted": 0}]}
    )
    shared = git_events(*(record(number, at="2026-10-04T00:00:00Z") for number in range(1, 21)))
    for day in range(1, 9):
        at = datetime(2026, 10, day, tzinfo=UTC)
        reports = [agent_event(f"{day}-{name}", at=at, agent_id=f"claude-{name}") for name in range(20)]
        commits = git_events(
            *(
                record(100 * day + n, author=f"Nobody {n}", email=f"{n}@example.org", at=f"{at:%FT%TZ}")
                for n in range(20)
            )
        )
        again = [msgspec.structs.replace(event, event_id=f"{day}-{event.event_id}") for event in [*shared, poison]]
        landed(database, [*reports, *commits, *again][:: 1 if day % 2 else -1])

    def work() -> None:
        while fold_pending(database):
            fold_next(database, batch_events=1)

    with ThreadPoolExecutor(4) as workers:
        for working in [workers.submit(work) for _ in range(4)]:
            working.result(60)
    whole = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 8, tzinfo=UTC))
    for table, like in (("agent", "claude"), ("person", "Nobody")):
        seen = rows(database, f"SELECT first_seen_at, last_seen_at FROM kino.{table} WHERE name LIKE '%%{like}%%'")
        assert seen == [whole] * 20
    assert one(database, 'SELECT count(*) FROM kino."commit"') == 180
    assert one(database, "SELECT count(*) FROM landing.dead_letter") == 8


def test_a_fold_that_computes_for_long_says_that_it_is_alive(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    # As if every event took as long as it may be silent.
    monkeypatch.setattr(apply, "SIGN_SECONDS", 0.0)
    sqlalchemy.event.listen(database._engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    landed(database, [agent_event(f"e{number}") for number in range(7)])
    assert fold_next(database).events == 7
    assert said.count("SELECT 1") == 2 * 7


def test_changes_carry_the_project_that_has_connected_the_repository(database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.project (id, name, created_at, updated_at) VALUES (%s, 'P', now(), now())", (PROJECT,)
        )
        session.exec_driver_sql(
            "INSERT INTO kino.repository VALUES (%s, 'acme/engine', %s, now())", (repository_id("acme/engine"), PROJECT)
        )
    landed(database, [pull_request(1, "d", "2026-03-01T00:00:00Z", "opened")])
    [change] = fold_next(database).changes
    assert (change.project_id, change.item["number"]) == (PROJECT, 1)
