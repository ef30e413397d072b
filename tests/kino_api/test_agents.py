"""Agents: what they seem to be doing, their sessions and activity, and who sees which."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from kino_api.agents import AgentState, get_agent, state_of
from kino_api.metrics import UnknownScope, developer_scope
from kino_api.projects import create_project
from kino_api.users import ProjectRole, Role, User
from kino_core.database import Database, WriteSession
from kino_core.events import Event, agent_key
from kino_core.gold import Scope
from kino_core.metrics import ScopeType
from kino_core.tables import person, project_member, user
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from kino_ingest.summaries import recount_touched
from tests.factories.events import agent_report

from .conftest import Kino

NOW = datetime.now(UTC)
CLAUDE = agent_key("claude-7")


def _reported(project_id: uuid.UUID, kind: str, minutes: int, *, session_id: str | None = None, **data: Any) -> Event:  # noqa: ANN401
    event = agent_report(project_id, kind, NOW - timedelta(minutes=minutes), **data)
    if session_id is not None:
        event.body.update(session_id=session_id, model="opus", parent_agent_id="lead")
    return event


def _fold(database: Database, *events: Event) -> None:
    with database.write() as session:
        land(session, events)
    while fold_pending(database):
        fold_next(database)


@pytest.mark.parametrize(
    ("last", "minutes", "blocked", "state"),
    [
        ("task_started", 1, False, AgentState.WORKING),
        ("code_commit", 29, False, AgentState.WORKING),
        ("code_commit", 31, False, AgentState.STALLED),
        ("task_started", 31, False, AgentState.STALLED),
        ("task_started", 60 * 25, False, AgentState.IDLE),
        ("task_completed", 1, False, AgentState.IDLE),
        ("blocker_identified", 1, True, AgentState.BLOCKED),
        ("blocker_identified", 60 * 48, True, AgentState.BLOCKED),
        ("blocker_identified", 1, False, AgentState.WORKING),
        ("code_commit", 1, True, AgentState.WORKING),
    ],
)
def test_the_state_of_an_agent(last: str, minutes: int, blocked: bool, state: AgentState) -> None:
    assert state_of(last, NOW - timedelta(minutes=minutes), blocked=blocked, now=NOW) is state


def test_an_agent_is_blocked_as_long_as_its_blocker_is_open(database: Database) -> None:
    with database.write() as session:
        project_id = create_project(session, "Checkout").id
    _fold(database, _reported(project_id, "blocker_identified", 3, description="No key"))
    with database.read() as session:
        assert get_agent(session, None, CLAUDE).state is AgentState.BLOCKED
    _fold(database, _reported(project_id, "blocker_identified", 2, resolved=True))
    with database.read() as session:
        assert get_agent(session, None, CLAUDE).state is AgentState.WORKING


def test_sessions_and_activity_leave_out_what_the_caller_does_not_see(kino: Kino) -> None:
    with kino.database.write() as session:
        ours, theirs = (create_project(session, name).id for name in ("Ours", "Theirs"))
    _fold(
        kino.database,
        _reported(ours, "task_started", 9, session_id="one"),
        _reported(ours, "code_commit", 8, session_id="one", sha="abc"),
        _reported(ours, "task_completed", 7, session_id="one"),
        _reported(ours, "task_started", 6, session_id="two"),
        _reported(theirs, "task_started", 5, session_id="one"),
        _reported(theirs, "task_started", 4),
    )
    recount_touched(kino.database)
    url = f"/api/v1/agents/{CLAUDE}"
    client = kino.signed_in()
    everything = client.get(f"{url}/sessions").json()["items"]
    assert [(each["project"], each["session_id"]) for each in everything] == [
        ("Theirs", "one"),
        ("Ours", "two"),
        ("Ours", "one"),
    ]
    first = everything[2]
    assert (first["events"], first["tasks_started"], first["commits"], first["tasks_completed"]) == (3, 1, 1, 1)
    assert (first["model"], first["parent_agent"], first["parent_agent_id"]) == ("opus", "lead", str(agent_key("lead")))
    page = client.get(f"{url}/sessions", params={"limit": 2}).json()
    rest = client.get(f"{url}/sessions", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert page["items"] + rest["items"] == everything
    assert len(client.get(f"{url}/activity").json()["items"]) == 6
    with kino.signed_in_as(memberships={ours: ProjectRole.MEMBER}) as member:
        assert [each["session_id"] for each in member.get(f"{url}/sessions").json()["items"]] == ["two", "one"]
        seen = member.get(f"{url}/activity", params={"limit": 3}).json()
        more = member.get(f"{url}/activity", params={"limit": 3, "cursor": seen["next_cursor"]}).json()["items"]
        assert [each["event_type"] for each in seen["items"] + more] == [
            "task_started",
            "task_completed",
            "code_commit",
            "task_started",
        ]
        assert {each["project_id"] for each in seen["items"] + more} == {str(ours)}
        # The agent's numbers also tell of the other project.
        assert member.get(f"{url}/metrics").status_code == 404
    with kino.signed_in_as() as nobody:
        for path in ("", "/sessions", "/activity", "/metrics"):
            assert nobody.get(url + path).status_code == 403, path


def test_numbers_of_developers_are_theirs_and_their_leaders(database: Database) -> None:
    ada = uuid.uuid4()
    with database.write() as session:
        ours, theirs = (create_project(session, name).id for name in ("Ours", "Theirs"))
        session.execute(insert(person).values(id=ada, name="Ada", kind="human", first_seen_at=NOW, last_seen_at=NOW))
        developer = _user(session, {ours: ProjectRole.MEMBER}, person_id=ada)
        colleague = _user(session, {ours: ProjectRole.MEMBER})
        leader = _user(session, {ours: ProjectRole.PROJECT_LEADER})
        stranger = _user(session, {theirs: ProjectRole.PROJECT_LEADER})
    admin = User(uuid.uuid4(), "root@example.com", "Root", Role.ADMIN)
    with database.read() as session:
        for who in (admin, developer, leader):
            for key in (ada, developer.id):
                assert developer_scope(session, who, key) == Scope(ScopeType.PERSON, ada)
        for who in (colleague, stranger):
            for key in (ada, developer.id, uuid.uuid4()):
                with pytest.raises(UnknownScope):
                    developer_scope(session, who, key)
        # Of whom no history tells has no numbers, and may know it.
        assert developer_scope(session, colleague, colleague.id) == Scope(ScopeType.PERSON, colleague.id)


def _user(session: WriteSession, memberships: dict[uuid.UUID, ProjectRole], **columns: Any) -> User:  # noqa: ANN401
    somebody = User(uuid.uuid4(), f"{uuid.uuid4().hex}@example.com", "Somebody", None, memberships)
    known = {"id": somebody.id, "email": somebody.email, "name": somebody.name, "password_hash": "x"}
    session.execute(insert(user).values(**known, **columns))
    for project_id, role in memberships.items():
        session.execute(insert(project_member).values(project_id=project_id, user_id=somebody.id, role=role.value))
    return somebody


def test_numbers_over_http_wait_for_the_lake(kino: Kino) -> None:
    with kino.database.write() as session:
        ours = create_project(session, "Ours").id
    _fold(kino.database, _reported(ours, "task_started", 5))
    client = kino.signed_in()
    me = client.get("/auth/me").json()["id"]
    for url in (f"/api/v1/agents/{CLAUDE}/metrics", f"/api/v1/developers/{me}/metrics"):
        assert client.get(url, params={"period": "soon"}).status_code == 400
        assert client.get(url).status_code == 503
    for url in (f"/api/v1/agents/{uuid.uuid4()}/metrics", f"/api/v1/developers/{uuid.uuid4()}/metrics"):
        assert client.get(url).status_code == 404
