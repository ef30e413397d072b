"""Scope items follow what agents tell of their tasks and what people say, in whatever order it comes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kino_core.database import Database
from kino_core.events import Event
from kino_core.live import LiveKind
from kino_ingest.fold.run import fold_next
from kino_ingest.fold.scope_items import settle_items
from kino_ingest.fold.write import lock_merging
from tests.kino_ingest.events import PROJECT, agent_event, fold_all, landed, one, rows

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
ITEM = uuid.UUID("00000000-0000-4000-8000-00000000000a")
OTHER = uuid.UUID("00000000-0000-4000-8000-00000000000b")
KEYS = {ITEM: "KIN-42", OTHER: "KIN-7"}
STATUSES = ["TODO", "IN_PROGRESS", "BLOCKED", "DONE", "CANCELLED"]

Said = tuple[str, int] | None
"""What a person said of the item, and in which minute."""


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def told(event_id: str, kind: str, minute: int, task: str = "KIN-42", **data: Any) -> Event:  # noqa: ANN401
    return agent_event(event_id, kind, at(minute), task_id=task, data=data)


def put_items(database: Database, said: Said = None) -> None:
    """Store the project and its two items, and settle them as whoever makes one does."""
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.project (id, name, created_at, updated_at) VALUES (%s, 'P', now(), now())"
            " ON CONFLICT DO NOTHING",
            (PROJECT,),
        )
        lock_merging(session)
        for position, (item_id, key) in enumerate(KEYS.items()):
            status, minute = said if said and item_id == ITEM else (None, 0)
            session.exec_driver_sql(
                "INSERT INTO kino.scope_item (id, project_id, key, title, position, said_status, said_at,"
                " said_started_at, created_at, updated_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now(), now())",
                (
                    item_id,
                    PROJECT,
                    key,
                    key,
                    position,
                    status,
                    at(minute) if status else None,
                    at(minute) if status == "IN_PROGRESS" else None,
                ),
            )
        settle_items(session, [(PROJECT, key) for key in KEYS.values()])


def forget(database: Database) -> None:
    with database.write() as session:
        session.exec_driver_sql("""
            TRUNCATE landing.event, landing.claim, landing.dead_letter, landing.fold_window, kino.agent,
                kino.agent_activity, kino.agent_session, kino.scope_item, kino.blocker_resolution CASCADE
        """)
        session.exec_driver_sql("UPDATE landing.fold_cursor SET low = '0'")


def state(database: Database) -> dict[uuid.UUID, tuple[Any, ...]]:
    found = rows(database, "SELECT id, status, started_at, completed_at FROM kino.scope_item")
    return {row[0]: row[1:] for row in found}


@dataclass(frozen=True)
class _Word:
    place: tuple[datetime, str, str]
    kind: str
    task: str
    blocker: str
    resolved: bool


def expected(events: Sequence[Event], item_id: uuid.UUID, said: Said) -> tuple[Any, ...]:
    """Return status, start and completion as the documentation tells them, worked out without the database."""
    words = sorted(
        (
            _Word(
                (event.occurred_at, "agent", event.event_id),
                event.type,
                str(event.body["task_id"]),
                str(event.body["data"].get("blocker_id", event.body["task_id"])),
                event.body["data"].get("resolved") is True,
            )
            for event in {event.event_id: event for event in events}.values()
        ),
        key=lambda word: word.place,
    )
    names = {KEYS[item_id].lower(), str(item_id)}
    own = [word for word in words if word.task.lower() in names]
    said_at = (at(said[1]), "kino", "") if said else None
    after_said = [word for word in own if said_at is None or word.place > said_at]
    moves = [word for word in own if word.kind != "blocker_identified"]
    begun = [word.place[0] for word in own if word.kind == "task_started"]
    begun += [at(said[1])] if said and said[0] == "IN_PROGRESS" else []
    started = min(begun, default=None)
    status, completed = (said[0], at(said[1])) if said else ("TODO", None)
    last = moves[-1] if moves else None
    if last is not None and last in after_said:
        status, completed = ("DONE", last.place[0]) if last.kind == "task_completed" else ("IN_PROGRESS", None)
    elif status == "BLOCKED" and any(word.kind == "blocker_identified" and word.resolved for word in after_said):
        status = "IN_PROGRESS" if started else "TODO"
    done = last.place if last is not None and last.kind == "task_completed" else None
    holding = [word for word in _open_blockers(words) if word in after_said and (done is None or word.place > done)]
    status = "BLOCKED" if holding else status
    return status, None if status == "TODO" else started, completed if status == "DONE" else None


def _open_blockers(words: Sequence[_Word]) -> list[_Word]:
    """Return the last report of each blocker that is open."""
    found = []
    for blocker in {word.blocker for word in words if word.kind == "blocker_identified"}:
        reports = [word for word in words if word.kind == "blocker_identified" and word.blocker == blocker]
        tasks = {word.task for word in reports}
        closing = [word for word in words if word.kind == "task_completed" and word.task in tasks]
        last = max([*reports, *closing], key=lambda word: word.place)
        if last.kind == "blocker_identified" and not last.resolved:
            found.append(last)
    return found


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], Said]:
    """Return events about two items and a task that is none, many at the same moments, and what a person said."""
    kinds = st.sampled_from(["task_started", "task_completed", "blocker_identified"])
    tasks = st.sampled_from(["KIN-42", "kin-42", str(ITEM), "KIN-7", "DEMO-1"])
    reports: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [{}, {"resolved": True}, {"blocker_id": "b"}, {"blocker_id": "b", "resolved": True}]
    )
    events = [
        told(f"e{number}", draw(kinds), draw(st.integers(0, 5)), draw(tasks), **draw(reports))
        for number in range(draw(st.integers(0, 7)))
    ]
    said = draw(st.none() | st.tuples(st.sampled_from(STATUSES), st.integers(0, 5)))
    return events, said


@examples(max_examples=40)
@given(history=histories(), data=st.data())
def test_any_order_repetition_and_split_gives_the_same_items(
    database: Database, history: tuple[list[Event], Said], data: st.DataObject
) -> None:
    events, said = history
    forget(database)
    left = data.draw(st.permutations(events))
    left += data.draw(st.lists(st.sampled_from(events), max_size=3)) if events else []
    items_at = data.draw(st.integers(0, len(left)))
    size = data.draw(st.integers(1, 5))
    landed(database, left[:items_at])
    fold_all(database, batch_events=size)
    # Somebody makes the items in the middle of it all, or before or after it.
    put_items(database, said)
    landed(database, left[items_at:])
    fold_all(database, batch_events=size)
    assert state(database) == {ITEM: expected(events, ITEM, said), OTHER: expected(events, OTHER, None)}


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], "TODO"),
        ([told("a", "task_started", 1)], "IN_PROGRESS"),
        ([told("a", "task_started", 1), told("b", "blocker_identified", 2, description="no key")], "BLOCKED"),
        (
            [
                told("a", "task_started", 1),
                told("b", "blocker_identified", 2, description="no key"),
                told("c", "blocker_identified", 3, resolved=True),
            ],
            "IN_PROGRESS",
        ),
        ([told("b", "blocker_identified", 2, description="x"), told("d", "task_completed", 4)], "DONE"),
        ([told("d", "task_completed", 4), told("a", "task_started", 1)], "DONE"),
        ([told("e", "code_commit", 1, sha="abc"), told("f", "task_started", 1, task="KIN-43")], "TODO"),
        ([told("g", "task_started", 1, task=str(ITEM))], "IN_PROGRESS"),
    ],
)
def test_what_agents_tell_moves_the_item_of_their_task(database: Database, events: list[Event], status: str) -> None:
    put_items(database)
    landed(database, events)
    fold_all(database)
    assert state(database)[ITEM][0] == status
    assert state(database)[OTHER] == ("TODO", None, None)
    assert one(database, "SELECT count(*) FROM kino.scope_item") == 2, "a task makes no item"


def test_moves_are_told_to_the_pages_and_audited_as_an_agents(database: Database) -> None:
    put_items(database)
    landed(database, [told("a", "task_started", 1)])
    [moved] = [change for change in fold_next(database).changes if change.kind is LiveKind.SCOPE_ITEM]
    assert (moved.project_id, moved.item["key"], moved.item["status"]) == (PROJECT, "KIN-42", "IN_PROGRESS")
    [change] = rows(
        database,
        "SELECT actor_type, before ->> 'status', after ->> 'status' FROM kino.audit"
        " WHERE entity_type = 'scope_item' AND action = 'UPDATE'",
    )
    assert change == ("agent", "TODO", "IN_PROGRESS")
    landed(database, [told("b", "task_started", 2)])
    assert [change.kind for change in fold_next(database).changes] == [LiveKind.AGENT_ACTIVITY], "nothing moved"


def test_folding_the_whole_log_again_changes_no_item_and_counts_nothing_twice(database: Database) -> None:
    put_items(database)
    landed(database, [agent_event("a", at=at(1), session_id="s"), agent_event("b", at=at(2), session_id="s")])
    fold_all(database)
    table = "SELECT * FROM kino.{} ORDER BY 1, 2, 3"
    before = [rows(database, table.format(name)) for name in ("scope_item", "agent_session")]
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.fold_cursor SET low = '0'")
    fold_all(database)
    assert [rows(database, table.format(name)) for name in ("scope_item", "agent_session")] == before
