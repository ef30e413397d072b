"""Project updates: one a person and period, and whose they are to change."""

import uuid
from typing import Any

import pytest

from kino_api.projects import create_project
from kino_api.users import ProjectRole, Role
from kino_core.database import query

from .conftest import Kino

WEEK: dict[str, Any] = {"overall_status": "ON_TRACK", "period": "2026-W37", "achievements": "Cards work"}


@pytest.fixture
def url(kino: Kino) -> str:
    with kino.database.write() as session:
        return f"/api/v1/projects/{create_project(session, 'Checkout').id}/updates"


def _project(url: str) -> uuid.UUID:
    return uuid.UUID(url.split("/")[-2])


def test_an_update_is_of_one_person_and_one_period(kino: Kino, url: str) -> None:
    client = kino.signed_in()
    made = client.post(url, json=WEEK)
    assert made.status_code == 201
    told = made.json()
    assert (told["period_start"], told["period_end"], told["period"]) == ("2026-09-07", "2026-09-13", "2026-W37")
    assert (told["author"], told["challenges"]) == ("Ada", "")
    assert made.headers["location"] == f"{url}/{told['id']}"
    assert client.get(made.headers["location"]).json() == told
    days = {"period_start": "2026-09-07", "period_end": "2026-09-13"}
    again = client.post(url, json={"overall_status": "BLOCKED", **days})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "UPDATE_EXISTS")
    with kino.signed_in_as(Role.MANAGER) as manager:
        assert manager.post(url, json=WEEK).status_code == 201, "somebody else may write about the same period"
    other = client.post(url, json=WEEK | {"period": "2026-W38"}).json()
    moved = client.patch(f"{url}/{other['id']}", json={"period": "2026-W37"})
    assert (moved.status_code, moved.json()["error"]["code"]) == (409, "UPDATE_EXISTS")
    assert client.patch(f"{url}/{other['id']}", json={"period_end": "2026-09-30"}).json()["period"] == (
        "2026-09-14/2026-09-30"
    )


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"period": None}, "period", "INVALID_INPUT"),
        ({"period": "last week"}, "period", "INVALID_PERIOD"),
        ({"period_start": "2026-09-07"}, "period", "INVALID_INPUT"),
        ({"period": None, "period_start": "2026-09-07"}, "period", "INVALID_INPUT"),
        (
            {"period": None, "period_start": "2026-09-07", "period_end": "2026-09-01"},
            "period_end",
            "INVALID_DATE_RANGE",
        ),
        ({"overall_status": "FINE"}, "overall_status", "INVALID_INPUT"),
        ({"achievements": "nul\x00"}, "achievements", "INVALID_INPUT"),
    ],
)
def test_wrong_updates_are_refused_with_their_field(
    kino: Kino, url: str, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = kino.signed_in().post(url, json=WEEK | changes)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, code)
    assert [each["field"] for each in error["details"]["fields"]] == [field]


def test_members_write_and_keep_their_own_updates_and_leaders_all(kino: Kino, url: str) -> None:
    project_id = _project(url)
    with (
        kino.signed_in_as(memberships={project_id: ProjectRole.MEMBER}) as grace,
        kino.signed_in_as(memberships={project_id: ProjectRole.MEMBER}) as alan,
        kino.signed_in_as(memberships={project_id: ProjectRole.PROJECT_LEADER}) as leader,
        kino.signed_in_as() as nobody,
    ):
        made = grace.post(url, json=WEEK)
        assert (made.status_code, made.json()["submitted_by"]) == (201, grace.headers["x-user-id"])
        one = made.headers["location"]
        assert grace.patch(one, json={"notes": "And coins"}).json()["notes"] == "And coins"
        assert alan.get(one).status_code == 200
        for refused in (alan.patch(one, json={"notes": "mine"}), alan.delete(one)):
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "NOT_ALLOWED")
        led = leader.patch(one, json={"overall_status": "AT_RISK"})
        assert (led.json()["overall_status"], led.json()["submitted_by"]) == ("AT_RISK", grace.headers["x-user-id"])
        assert nobody.get(one).status_code == nobody.delete(one).status_code == 404
        stale = grace.delete(one, headers={"If-Match": made.headers["etag"]})
        assert (stale.status_code, stale.json()["error"]["code"]) == (412, "PRECONDITION_FAILED")
        assert grace.delete(one, headers={"If-Match": led.headers["etag"]}).status_code == 204
        assert grace.get(one).status_code == 404
    with kino.database.read() as session:
        told = query(session, "SELECT type, body FROM landing.event WHERE type LIKE 'update%' ORDER BY id")
        names = query(session, "SELECT FROM landing.event WHERE body::text LIKE '%Somebody%'")
        [known] = query(session, "SELECT last_update_at FROM kino.project_metadata(:id)", id=project_id)
    assert [row.type for row in told] == ["update_submitted", "update_changed", "update_changed", "update_deleted"]
    assert (told[0].body["achievements"], told[0].body["submitted_by"]) == ("Cards work", made.json()["submitted_by"])
    assert (names, known.last_update_at) == ([], None)


def test_updates_come_newest_first_by_author_and_by_period(kino: Kino, url: str) -> None:
    client = kino.signed_in()
    for week in (36, 37, 38):
        assert client.post(url, json=WEEK | {"period": f"2026-W{week}"}).status_code == 201
    me = client.get("/auth/me").json()["id"]

    def periods(**asked: str) -> list[str]:
        return [each["period"] for each in client.get(url, params=asked).json()["items"]]

    assert periods() == ["2026-W38", "2026-W37", "2026-W36"]
    assert periods(author_id=me, period="2026-W37") == ["2026-W37"]
    assert periods(period="2026-09-13/2026-09-14") == ["2026-W38", "2026-W37"]
    assert periods(author_id=str(uuid.uuid4())) == []
    page = client.get(url, params={"limit": "2"}).json()
    assert periods(limit="2", cursor=page["next_cursor"]) == ["2026-W36"]
    assert client.get(url, params={"cursor": "nonsense"}).status_code == 400
