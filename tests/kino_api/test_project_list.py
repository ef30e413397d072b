"""Lists of projects: every filter, every order page by page, and cursors that belong to one order."""

import json
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from kino_api.portfolio import list_projects
from kino_api.project_lifecycle import archive_project, delete_project
from kino_api.project_list import ProjectFilter, ProjectSort, encode_place, place_of
from kino_api.projects import change_project, create_project
from kino_api.repositories import connect_repository
from kino_api.shapes import InvalidCursor, encode_cursor
from kino_core.database import Database, ReadSession, query
from kino_core.events import agent_key
from kino_core.project_states import Priority, ProjectStatus
from kino_core.tables import agent_activity, commit, dependency, project
from kino_ingest.summaries import recount_touched

from .conftest import Kino

NOW = datetime.now(UTC)
TODAY = NOW.date()
PLANS: Sequence[dict[str, Any]] = (
    {"name": "beta", "priority": Priority.LOW, "end_date": date(2026, 5, 1)},
    {"name": "Alpha", "priority": Priority.HIGH, "status": ProjectStatus.BLOCKED},
    {"name": "İstanbul", "priority": Priority.MEDIUM, "status": ProjectStatus.ON_TRACK, "end_date": date(2026, 4, 1)},
    {"name": "alphabet", "priority": Priority.HIGH, "description": "Letters of Beta readers"},
    {"name": "Gamma", "status": ProjectStatus.COMPLETED, "end_date": date(2026, 5, 1)},
)


@pytest.fixture
def planned(database: Database) -> Database:
    with database.write() as session:
        for plan in PLANS:
            create_project(session, **plan)
    return database


def _paged(session: ReadSession, sort: ProjectSort) -> list[str]:
    """Return the names in an order, read one by one with cursors as they travel."""
    names, cursor = [], None
    while True:
        found = list_projects(session, sort=sort, after=place_of(cursor, sort), limit=1)
        if not found:
            return names
        names += [each.name for each in found]
        cursor = encode_place(sort, getattr(found[-1], sort.column), found[-1].id)


@pytest.mark.parametrize(
    ("sort", "groups"),
    [
        ("name", [["Alpha"], ["alphabet"], ["beta"], ["Gamma"], ["İstanbul"]]),
        ("priority", [["Alpha", "alphabet"], ["Gamma", "İstanbul"], ["beta"]]),
        ("end_date", [["İstanbul"], ["Gamma", "beta"], ["Alpha", "alphabet"]]),
        ("-end_date", [["Gamma", "beta"], ["İstanbul"], ["Alpha", "alphabet"]]),
        ("updated_at", [["beta"], ["Alpha"], ["İstanbul"], ["alphabet"], ["Gamma"]]),
        ("status", [["İstanbul"], ["Alpha"], ["Gamma"], ["alphabet", "beta"]]),
        ("-status", [["Gamma"], ["Alpha"], ["İstanbul"], ["alphabet", "beta"]]),
    ],
)
def test_every_order_shows_every_project_once(planned: Database, sort: str, groups: list[list[str]]) -> None:
    with planned.read() as session:
        names = _paged(session, ProjectSort(sort))
        expected = [sorted(group) for group in groups]
        assert [sorted(names[sum(map(len, groups[:n])) :][: len(group)]) for n, group in enumerate(groups)] == expected
        assert [each.name for each in list_projects(session, sort=ProjectSort(sort))] == names
        if sort in ("name", "priority", "updated_at"):
            assert _paged(session, ProjectSort(f"-{sort}")) == names[::-1]


def test_pages_stay_right_while_the_row_that_they_ended_with_changes(planned: Database) -> None:
    sort = ProjectSort.UPDATED_AT
    with planned.read() as session:
        first, second = list_projects(session, sort=sort, limit=2)
        place = place_of(encode_place(sort, second.updated_at, second.id), sort)
    with planned.write() as session:
        change_project(session, first.id, {"description": "Changed"})
        change_project(session, second.id, {"description": "Changed"})
    with planned.read() as session:
        names = [each.name for each in list_projects(session, sort=sort, after=place)]
    assert names == ["İstanbul", "alphabet", "Gamma", "beta", "Alpha"], "what changed comes again, nothing is left out"


def test_a_cursor_belongs_to_its_order() -> None:
    key = uuid.uuid4()
    assert place_of(encode_place(ProjectSort.END_DATE, None, key), ProjectSort.END_DATE) == ("", key)
    for wrong in (
        encode_place(ProjectSort.NAME, "a", key),
        encode_place(ProjectSort.END_DATE_FALLING, date(2026, 1, 1), key),
        encode_cursor(("end_date", "soon", key)),
        encode_cursor(("end_date", "2026-01-01", "no id")),
        encode_cursor(("end_date", "2026-01-01")),
        "W10",
    ):
        with pytest.raises(InvalidCursor):
            place_of(wrong, ProjectSort.END_DATE)


def test_projects_are_found_by_what_they_have_in_common(planned: Database) -> None:
    leader = uuid.uuid4()
    with planned.write() as session:
        by_name = {each.name: each for each in list_projects(session)}  # type: ignore[arg-type]  # a write session reads
        led = by_name["Alpha"].id
        query(
            session,
            "WITH made AS (INSERT INTO kino.\"user\" (id, email, name, password_hash) VALUES (:id, 'l@example.com',"
            " 'Lee', 'x') RETURNING id) SELECT id FROM made",
            id=leader,
        )
        for name, role in (("Alpha", "PROJECT_LEADER"), ("beta", "MEMBER")):
            query(
                session,
                "INSERT INTO kino.project_member (project_id, user_id, role) VALUES (:project, :user, :role)"
                " RETURNING role",
                project=by_name[name].id,
                user=leader,
                role=role,
            )
        moved = change_project(session, led, {"description": "100% _done_"})
        archive_project(session, by_name["Gamma"].id)
        grouped = create_project(session, "Delta", "Growth")
    for wanted, names in (
        (ProjectFilter(text="BETA"), ["alphabet", "beta"]),
        (ProjectFilter(text="% _"), ["Alpha"]),
        (ProjectFilter(status=ProjectStatus.BLOCKED), ["Alpha"]),
        (ProjectFilter(priority=Priority.HIGH), ["Alpha", "alphabet"]),
        (ProjectFilter(owner=leader), ["Alpha"]),
        (ProjectFilter(owner=leader, priority=Priority.LOW), []),
        (ProjectFilter(initiative_id=grouped.initiative_id), ["Delta"]),
        (ProjectFilter(status=ProjectStatus.COMPLETED), []),
        (ProjectFilter(status=ProjectStatus.COMPLETED, archived=True), ["Gamma"]),
    ):
        with planned.read() as session:
            assert [each.name for each in list_projects(session, wanted=wanted)] == names, wanted
            assert list_projects(session, project_id=by_name["Gamma"].id)[0].archived_at is not None
    assert moved.description == "100% _done_"


def _activity(project_id: uuid.UUID, event_type: str, at: datetime) -> dict[str, Any]:
    return {
        "occurred_at": at,
        "source": "agent",
        "event_id": f"{project_id}/{uuid.uuid4()}",
        "event_row": 1,
        "project_id": project_id,
        "agent_id": agent_key("claude-7"),
        "event_type": event_type,
        "task_id": "KIN-1",
        "data": {},
    }


def test_the_health_filter_and_the_health_on_the_card_are_one_rule(database: Database) -> None:
    """Every mix of signs, with and without a manager's word: the filter finds exactly what the card says."""
    signs = [
        (blocker, activity, end, slips, said)
        for blocker in (None, 23, 25)
        for activity in (None, "agent now", "agent long ago", "commit now", "commit long ago")
        for end in (None, -1, 1)
        for slips in (False, True)
        for said in (None, ProjectStatus.COMPLETED)
    ]
    with database.write() as session:
        late = create_project(session, "Late", end_date=TODAY - timedelta(days=3))
        for number, (blocker, activity, end, slips, said) in enumerate(signs):
            made = create_project(session, f"Project {number:03}", status=said)
            rows = []
            if blocker is not None:
                rows.append(_activity(made.id, "blocker_identified", NOW - timedelta(hours=blocker)))
            if activity is not None:
                at = NOW - (timedelta(hours=1) if activity.endswith("now") else timedelta(days=40))
                if activity.startswith("agent"):
                    rows.append(_activity(made.id, "code_commit", at))
                else:
                    repository = connect_repository(session, made.id, f"octo/{number}").id
                    signed = {"author_key": "email:a@example.com", "subject": "x", "parents": 1}
                    session.execute(
                        insert(commit).values(
                            repository_id=repository, sha=str(number), authored_at=at, committed_at=at, **signed
                        )
                    )
            if rows:
                session.execute(insert(agent_activity), rows)
            if end is not None:
                last = TODAY + timedelta(days=end)
                session.execute(update(project).where(project.c.id == made.id).values(end_date=last))
            if slips:
                session.execute(
                    insert(dependency).values(
                        id=uuid.uuid4(),
                        project_id=made.id,
                        depends_on_project_id=late.id,
                        note="",
                        created_at=NOW,
                    )
                )
    recount_touched(database)
    with database.read() as session:
        told = {each.id: each.health.status for each in list_projects(session)}
        assert set(told.values()) == {*ProjectStatus, None}
        for health in ProjectStatus:
            found = {each.id for each in list_projects(session, wanted=ProjectFilter(health=health))}
            assert found == {project_id for project_id, status in told.items() if status is health}, health


def test_a_dependency_slips_until_its_project_is_completed_archived_or_gone(database: Database) -> None:
    with database.write() as session:
        waiting = create_project(session, "Waiting")
        targets = [create_project(session, f"Late {n}", end_date=TODAY - timedelta(days=2)) for n in range(3)]
        in_time = create_project(session, "In time", end_date=TODAY + timedelta(days=2))
        for target in (*targets, in_time):
            session.execute(
                insert(dependency).values(
                    id=uuid.uuid4(),
                    project_id=waiting.id,
                    depends_on_project_id=target.id,
                    note="",
                    created_at=NOW,
                )
            )

    def reasons() -> tuple[str, ...]:
        with database.read() as session:
            return list_projects(session, project_id=waiting.id)[0].health.reasons

    assert reasons() == ("3 dependencies are late",)
    with database.write() as session:
        change_project(session, targets[0].id, {"status": ProjectStatus.COMPLETED})
        archive_project(session, targets[1].id)
    assert reasons() == ("1 dependency is late",)
    with database.write() as session:
        delete_project(session, targets[2].id)
    assert reasons() == ("Nothing has happened here yet",)


def test_lists_and_single_projects_over_http(kino: Kino) -> None:
    client = kino.signed_in()
    for plan in PLANS:
        body = {name: str(value) for name, value in plan.items()}
        assert client.post("/api/v1/projects", json=body).status_code == 201, body
    url = "/api/v1/projects"

    def names(**wanted: str | int) -> list[str]:
        answer = client.get(url, params=wanted)
        assert answer.status_code == 200, answer.text
        return [each["name"] for each in answer.json()["items"]]

    assert names(sort="-name", limit=2) == ["İstanbul", "Gamma"]
    assert names(priority="HIGH", q="beta") == ["alphabet"]
    assert names(status="BLOCKED", health="BLOCKED") == ["Alpha"]
    assert names(health="COMPLETED") == ["Gamma"]
    first = client.get(url, params={"sort": "end_date", "limit": 4}).json()
    rest = client.get(url, params={"sort": "end_date", "cursor": first["next_cursor"]}).json()
    assert len({each["id"] for each in first["items"] + rest["items"]}) == len(PLANS)
    assert rest["next_cursor"] is None
    for wrong in (
        {"sort": "color"},
        {"sort": "-end_date", "cursor": first["next_cursor"]},
        {"cursor": first["next_cursor"]},
        {"cursor": urlsafe_b64encode(json.dumps(["name", "\ud800", str(uuid.uuid4())]).encode()).decode()},
        {"health": "GOOD"},
        {"owner": "ada"},
        {"q": "nul\0"},
    ):
        refused = client.get(url, params=wrong)
        code = "INVALID_CURSOR" if "cursor" in wrong else "INVALID_INPUT"
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, code), wrong

    made = first["items"][0]
    client.post(f"{url}/{made['id']}/repositories", json={"full_name": "octo/repo"})
    with kino.database.write() as session:
        for age in (3, 5):
            session.execute(
                insert(agent_activity), [_activity(uuid.UUID(made["id"]), "code_commit", NOW - timedelta(hours=age))]
            )
    recount_touched(kino.database)
    found = client.get(f"{url}/{made['id']}").json()
    assert found["metadata"] == {
        "progress_percentage": None,
        "last_activity_at": (NOW - timedelta(hours=3)).isoformat().replace("+00:00", "Z"),
        "last_update_at": None,
        "total_ai_agent_activities": 2,
        "connected_repositories": 1,
    }
    assert found["health"] == {
        "status": "ON_TRACK",
        "reasons": ["Set by a manager"],
        "rule_status": "AT_RISK",
        "rule_reasons": ["It was to end on 2026-04-01"],
    }
