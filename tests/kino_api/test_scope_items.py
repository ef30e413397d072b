"""Scope items: their rules, their order, and who may do what with them."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from kino_api.milestones import UnknownMilestone, add_milestone
from kino_api.names import InvalidName
from kino_api.projects import create_project
from kino_api.scope_item_rules import (
    AssigneeType,
    InvalidAssignee,
    InvalidKey,
    ItemExists,
    ItemStatus,
    ScopeItem,
    UnknownScopeItem,
)
from kino_api.scope_items import ItemFilter, change_item, create_item, delete_item, get_item, list_items
from kino_api.scope_order import InvalidOrder, reorder_items
from kino_api.sql import read_sql
from kino_api.users import ProjectRole, Role
from kino_core.database import Database, query
from kino_core.errors import InvalidDates, KinoError
from kino_core.events import Event, agent_key
from kino_core.tables import agent, project_member, user
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from tests.factories.events import agent_report

from .conftest import Kino

NOW = datetime.now(UTC)


@pytest.fixture
def project_id(database: Database) -> uuid.UUID:
    with database.write() as session:
        return create_project(session, "Checkout").id


def _make(database: Database, project_id: uuid.UUID, **fields: Any) -> ScopeItem:  # noqa: ANN401
    with database.write() as session:
        return create_item(session, project_id, {"title": "Pay by card"} | fields)


def _change(database: Database, item: ScopeItem, **changes: Any) -> ScopeItem:  # noqa: ANN401
    with database.write() as session:
        return change_item(session, item.project_id, item.id, changes)


def _fold(database: Database, *events: Event) -> None:
    with database.write() as session:
        land(session, events)
    while fold_pending(database):
        fold_next(database)


def _titles(database: Database, project_id: uuid.UUID, wanted: ItemFilter) -> list[str]:
    with database.read() as session:
        return [item.title for item in list_items(session, project_id, wanted)]


def test_an_item_is_made_changed_and_deleted_and_the_log_and_the_audit_know(
    database: Database, project_id: uuid.UUID
) -> None:
    made = _make(database, project_id, title=" Pay by card ", key="KIN-1", description="Cards, not coins")
    assert (made.title, made.key, made.status, made.position, made.completed_at) == (
        "Pay by card",
        "KIN-1",
        ItemStatus.TODO,
        1,
        None,
    )
    done = _change(database, made, status=ItemStatus.DONE, key="PAY-1")
    assert done.completed_at is not None
    assert done.updated_at > made.updated_at
    again = _change(database, done, status=ItemStatus.IN_PROGRESS)
    assert (again.completed_at, again.started_at is not None) == (None, True)
    assert _change(database, again, status=ItemStatus.IN_PROGRESS) == again, "nothing changed"
    with database.write() as session:
        delete_item(session, project_id, made.id)
    with pytest.raises(UnknownScopeItem), database.read() as session:
        get_item(session, project_id, made.id)
    with database.read() as session:
        told = query(session, "SELECT type, body FROM landing.event WHERE type LIKE 'scope_item%' ORDER BY id")
        audited = query(session, "SELECT action FROM kino.audit WHERE entity_type = 'scope_item' ORDER BY id")
    assert [row.type.removeprefix("scope_item_") for row in told] == ["created", "changed", "changed", "deleted"]
    assert [row.body.get("said_status") for row in told] == [None, "DONE", "IN_PROGRESS", None]
    assert {row.body["item_id"] for row in told} == {str(made.id)}
    assert {row.action for row in audited} == {"CREATE", "UPDATE", "DELETE"}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"title": " "}, InvalidName),
        ({"title": "two\nlines"}, InvalidName),
        ({"start_date": NOW.date(), "end_date": NOW.date() - timedelta(days=1)}, InvalidDates),
        ({"key": "kin-1"}, ItemExists),
        ({"key": " "}, InvalidKey),
        ({"key": str(uuid.uuid4())}, InvalidKey),
        ({"assignee_type": AssigneeType.USER, "assignee_id": uuid.uuid4()}, InvalidAssignee),
        ({"assignee_type": AssigneeType.AGENT, "assignee_id": uuid.uuid4()}, InvalidAssignee),
        ({"assignee_id": uuid.uuid4()}, InvalidAssignee),
        ({"assignee_type": AssigneeType.AGENT}, InvalidAssignee),
        ({"milestone_id": uuid.uuid4()}, UnknownMilestone),
    ],
)
def test_what_breaks_a_rule_is_refused_and_changes_nothing(
    database: Database, project_id: uuid.UUID, fields: dict[str, Any], error: type[KinoError]
) -> None:
    _make(database, project_id, key="KIN-1")
    other = _make(database, project_id)
    with pytest.raises(error):
        _make(database, project_id, **fields)
    with pytest.raises(error):
        _change(database, other, **fields)
    with database.read() as session:
        assert len(list_items(session, project_id)) == 2
        assert get_item(session, project_id, other.id) == other


def test_items_are_given_to_members_and_to_agents_that_are_known(database: Database, project_id: uuid.UUID) -> None:
    somebody, claude = uuid.uuid4(), agent_key("claude-7")
    with database.write() as session:
        values = {"id": somebody, "email": "grace@example.com", "name": "Grace", "password_hash": "x"}
        session.execute(insert(user).values(**values))
        session.execute(insert(project_member).values(project_id=project_id, user_id=somebody, role="MEMBER"))
        seen = {"first_seen_at": NOW, "last_seen_at": NOW, "last_event_type": "task_started"}
        session.execute(insert(agent).values(id=claude, name="claude-7", agent_type="CLAUDE", **seen))
        beta = add_milestone(session, project_id, "Beta").id
    item = _make(database, project_id, assignee_type=AssigneeType.USER, assignee_id=somebody, milestone_id=beta)
    assert (item.assignee, item.milestone_id) == ("Grace", beta)
    with database.write() as session:
        query(session, "DELETE FROM kino.project_member WHERE user_id = :id RETURNING 1", id=somebody)
    assert _change(database, item, title="Pay in cash").assignee_id == somebody, "who leaves keeps what they were given"
    given = _change(database, item, assignee_type=AssigneeType.AGENT, assignee_id=claude)
    assert given.assignee == "claude-7"
    assert _change(database, given, assignee_id=None).assignee_type is None
    with database.read() as session:
        told = query(session, "SELECT body::text FROM landing.event WHERE source = 'kino'")
    assert not any("grace" in row.body.lower() for row in told)


def test_lists_are_filtered_and_come_in_pages(database: Database, project_id: uuid.UUID) -> None:
    one = _make(database, project_id, title="One", key="KIN-1", status=ItemStatus.DONE)
    _make(database, project_id, title="Two", description="Takes cards")
    _make(database, project_id, title="Three", status=ItemStatus.CANCELLED)
    assert _titles(database, project_id, ItemFilter()) == ["One", "Two", "Three"]
    assert _titles(database, project_id, ItemFilter(status=ItemStatus.DONE)) == ["One"]
    assert _titles(database, project_id, ItemFilter(text="kin-1")) == ["One"]
    assert _titles(database, project_id, ItemFilter(text="CARDS")) == ["Two"]
    assert _titles(database, project_id, ItemFilter(assignee_id=uuid.uuid4())) == []
    assert _titles(database, project_id, ItemFilter(milestone_id=uuid.uuid4())) == []
    with database.read() as session:
        page = list_items(session, project_id, after=(one.position, one.id), limit=1)
        assert [item.title for item in page] == ["Two"]
        # What is done of all that is not cancelled.
        [known] = query(session, "SELECT * FROM kino.project_metadata(:id)", id=project_id)
    assert known.progress_percentage == 50


def test_a_list_of_items_reads_an_index(database: Database, project_id: uuid.UUID) -> None:
    with database.write() as session:
        query(
            session,
            "INSERT INTO kino.scope_item (id, project_id, title, position, created_at, updated_at)"
            " SELECT gen_random_uuid(), :id, 'x', number, now(), now() FROM generate_series(1, 1500) AS made (number)"
            " RETURNING 1",
            id=project_id,
        )
    values = dict.fromkeys(("item_id", "status", "assignee_id", "milestone_id", "text", "after_position", "after_id"))
    with database.read() as session:
        plan = query(session, "EXPLAIN " + read_sql("scope_items"), project_id=project_id, limit=51, **values)
    assert any("scope_item_in_order" in row[0] for row in plan), plan


def test_an_order_names_every_item_once_or_changes_nothing(database: Database, project_id: uuid.UUID) -> None:
    a, b, c = (_make(database, project_id, title=title) for title in "abc")
    with database.write() as session:
        elsewhere = create_item(session, create_project(session, "Other").id, {"title": "d"})
    for order, word in (
        ([a.id, b.id], "Missing"),
        ([a.id, b.id, c.id, elsewhere.id], "Unknown"),
        ([a.id, b.id, c.id, c.id], "more than once"),
        ([], "Missing"),
    ):
        with pytest.raises(InvalidOrder, match=word) as refused, database.write() as session:
            reorder_items(session, project_id, order)
        assert refused.value.details["fields"] == [{"field": "order", "message": refused.value.message}]
    with database.write() as session:
        reordered = reorder_items(session, project_id, [c.id, a.id, b.id])
    assert [item.title for item in reordered] == ["c", "a", "b"]
    with database.write() as session:
        reorder_items(session, project_id, [c.id, a.id, b.id])
    with database.read() as session:
        told = query(session, "SELECT body FROM landing.event WHERE type = 'scope_items_reordered'")
    assert [row.body["order"] for row in told] == [[str(c.id), str(a.id), str(b.id)]], "the second changed nothing"


def test_adding_and_reordering_at_once_lose_and_double_nothing(database: Database, project_id: uuid.UUID) -> None:
    first = [_make(database, project_id, title=str(number)).id for number in range(4)]

    def add(number: int) -> None:
        _make(database, project_id, title=f"new {number}", key=f"KIN-{number}")

    def turn(_: int) -> bool:
        with database.write() as session:
            order = [item.id for item in list_items(session, project_id)]
            try:
                reorder_items(session, project_id, order[::-1])
            except InvalidOrder:
                return False
        return True

    def move(number: int) -> None:
        _fold(database, agent_report(project_id, "task_started", NOW, task=str(first[number % 4])))

    with ThreadPoolExecutor(6) as pool:
        done = [pool.submit(act, number) for number in range(6) for act in (add, turn, move)]
        for each in done:
            each.result(60)
    with database.read() as session:
        items = list_items(session, project_id)
    assert len(items) == 10
    assert len({item.position for item in items}) == 10
    assert {item.status for item in items if item.id in first} == {ItemStatus.IN_PROGRESS}


def test_the_last_word_wins_between_a_person_and_the_agents(database: Database, project_id: uuid.UUID) -> None:
    item = _make(database, project_id, key="KIN-1")
    _fold(database, agent_report(project_id, "task_started", NOW - timedelta(hours=3), task="KIN-1"))
    assert _change(database, item, title="Still").status is ItemStatus.IN_PROGRESS
    held = _change(database, item, status=ItemStatus.BLOCKED)
    assert (held.status, held.started_at) == (ItemStatus.BLOCKED, NOW - timedelta(hours=3))
    # What comes late and happened before changes nothing.
    _fold(database, agent_report(project_id, "task_completed", NOW - timedelta(hours=1), task="KIN-1"))
    with database.read() as session:
        assert get_item(session, project_id, item.id).status is ItemStatus.BLOCKED
    _fold(database, agent_report(project_id, "task_completed", NOW + timedelta(hours=1), task="KIN-1"))
    with database.read() as session:
        done = get_item(session, project_id, item.id)
    assert (done.status, done.completed_at) == (ItemStatus.DONE, NOW + timedelta(hours=1))
    # An agent's clock that is ahead does not keep a person from having the last word.
    assert _change(database, item, status=ItemStatus.CANCELLED).status is ItemStatus.CANCELLED


def test_what_agents_told_before_counts_for_an_item_that_gets_the_key(
    database: Database, project_id: uuid.UUID
) -> None:
    _fold(database, agent_report(project_id, "task_completed", NOW, task="KIN-1"))
    assert _make(database, project_id, key="kin-1").status is ItemStatus.DONE
    other = _make(database, project_id)
    _fold(database, agent_report(project_id, "task_started", NOW, task="KIN-2"))
    assert _change(database, other, key="KIN-2").status is ItemStatus.IN_PROGRESS
    assert _make(database, project_id, key="KIN-3", status=ItemStatus.BLOCKED).status is ItemStatus.BLOCKED


def test_items_over_http(kino: Kino, project_id: uuid.UUID) -> None:
    client = kino.signed_in()
    url = f"/api/v1/projects/{project_id}/scope-items"
    made = client.post(url, json={"title": "Pay by card", "key": "KIN-42"})
    assert (made.status_code, made.json()["status"]) == (201, "TODO")
    item = made.headers["location"]
    assert item == f"{url}/{made.json()['id']}"
    read = client.get(item)
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    changed = client.patch(item, json={"status": "DONE"}, headers={"If-Match": read.headers["etag"]})
    assert (changed.status_code, changed.json()["status"]) == (200, "DONE")
    for late in (
        client.patch(item, json={"title": "x"}, headers={"If-Match": read.headers["etag"]}),
        client.delete(item, headers={"If-Match": read.headers["etag"]}),
    ):
        assert (late.status_code, late.json()["error"]["code"]) == (412, "PRECONDITION_FAILED")
    assert client.post(url, json={"title": "Other", "key": "kin-42"}).status_code == 409
    wrong = client.post(url, json={"title": "x", "start_date": "2026-02-01", "end_date": "2026-01-01"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "INVALID_DATE_RANGE")
    second = client.post(url, json={"title": "Second"}).json()["id"]
    page = client.get(url, params={"limit": 1}).json()
    rest = client.get(url, params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert [each["title"] for each in page["items"] + rest["items"]] == ["Pay by card", "Second"]
    assert rest["next_cursor"] is None
    order = client.put(f"{url}/order", json={"order": [second]})
    assert (order.status_code, order.json()["error"]["details"]["fields"][0]["field"]) == (400, "order")
    order = client.put(f"{url}/order", json={"order": [second, made.json()["id"]]})
    assert [each["title"] for each in order.json()["items"]] == ["Second", "Pay by card"]
    with kino.database.write() as session:
        other = create_project(session, "Other").id
    assert client.get(f"/api/v1/projects/{other}/scope-items/{second}").status_code == 404
    assert client.delete(f"/api/v1/projects/{other}/scope-items/{second}").status_code == 404
    waiting = {"item_id": second, "depends_on_project_id": str(other)}
    assert client.post(f"/api/v1/projects/{project_id}/dependencies", json=waiting).status_code == 201
    assert client.delete(f"{url}/{second}").status_code == 204
    assert client.get(f"/api/v1/projects/{project_id}/dependencies").json()["items"] == []
    assert client.get(f"{url}/{second}").status_code == 404


def test_members_read_items_and_leaders_keep_them(kino: Kino, project_id: uuid.UUID) -> None:
    url = f"/api/v1/projects/{project_id}/scope-items"
    item = f"{url}/{kino.signed_in().post(url, json={'title': 'Pay by card'}).json()['id']}"

    def answers(client: httpx.Client) -> list[int]:
        return [
            client.get(url).status_code,
            client.get(item).status_code,
            client.patch(item, json={"description": "said"}).status_code,
            client.put(f"{url}/order", json={"order": []}).status_code,
            client.post(url, json={"title": "Another"}).status_code,
        ]

    with kino.signed_in_as(memberships={project_id: ProjectRole.MEMBER}) as member:
        assert answers(member) == [200, 200, 403, 403, 403]
    with kino.signed_in_as(memberships={project_id: ProjectRole.PROJECT_LEADER}) as leader:
        assert answers(leader) == [200, 200, 200, 400, 201]
    with kino.signed_in_as(Role.MANAGER) as manager:
        assert answers(manager) == [200, 200, 200, 400, 201]
    with kino.signed_in_as() as nobody:
        assert answers(nobody) == [404] * 5
