"""Dead letters over HTTP."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from kino_core.events import Event
from kino_ingest.fold.run import fold_next, fold_pending
from tests.kino_api.conftest import Kino
from tests.kino_ingest.events import agent_event, landed, one

LETTERS = "/api/v1/dead-letters"


def homeless(event_id: str, **body: object) -> Event:
    """Return an agent's event without a project, which no door lets in."""
    return msgspec.structs.replace(agent_event(event_id, **body), project_id=None)


@pytest.fixture
def broken(kino: Kino) -> Kino:
    """A Kino with three dead letters."""
    landed(kino.database, [homeless("a", password="hunter2"), homeless("b"), homeless("c"), agent_event("good")])
    fold_next(kino.database)
    return kino


def test_letters_are_listed_page_by_page_and_opened(broken: Kino) -> None:
    client = broken.signed_in()
    first = client.get(LETTERS, params={"limit": 2}).json()
    rest = client.get(LETTERS, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    found = first["items"] + rest["items"]
    assert [each["event_id"].rpartition("/")[2] for each in found] == ["c", "b", "a"]
    assert rest["next_cursor"] is None
    assert {(each["source"], each["type"], each["attempts"], each["state"]) for each in found} == {
        ("agent", "task_started", 1, "waiting")
    }
    opened = client.get(f"{LETTERS}/{found[2]['id']}").json()
    assert "UnfoldableEvent" in opened["error"]
    assert "Traceback" in opened["stack"]
    assert '"task_id"' in opened["input"]
    assert "hunter2" not in opened["input"]
    assert client.get(f"{LETTERS}/999999").status_code == 404
    assert client.get(LETTERS, params={"cursor": "x"}).status_code == 400


def test_filters(broken: Kino) -> None:
    client = broken.signed_in()

    def count(**parameters: str) -> int:
        return len(client.get(LETTERS, params=parameters).json()["items"])

    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert (count(source="agent"), count(source="git")) == (3, 0)
    assert (count(type="task_started"), count(type="push")) == (3, 0)
    assert (count(until=soon), count(since=soon)) == (3, 0)
    assert (count(state="waiting"), count(state="dead"), count(state="discarded")) == (3, 0, 0)


def test_a_letter_is_discarded_and_taken_back(broken: Kino) -> None:
    client = broken.signed_in()
    letter = client.get(LETTERS).json()["items"][0]["id"]
    assert client.post(f"{LETTERS}/{letter}/discard", json={"reason": "a test"}).json()["state"] == "discarded"
    assert client.get(f"{LETTERS}/{letter}").json()["discard_reason"] == "a test"
    assert len(client.get(LETTERS).json()["items"]) == 2
    assert client.post(f"{LETTERS}/{letter}/replay").json() == {"id": letter, "state": "waiting"}
    assert client.get(f"{LETTERS}/{letter}").json()["attempts"] == 0
    assert len(client.get(LETTERS).json()["items"]) == 3
    for action in ("discard", "replay"):
        assert client.post(f"{LETTERS}/999999/{action}").status_code == 404


def test_letters_of_a_time_are_replayed_after_a_dry_run(broken: Kino) -> None:
    client, database = broken.signed_in(), broken.database
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    planned = client.post(f"{LETTERS}/replay", json={"since": since, "dry_run": True}).json()
    assert planned == {"events": 3, "types": {"task_started": 3}, "dry_run": True}
    with database.write() as session:
        session.exec_driver_sql("UPDATE landing.event SET project_id = gen_random_uuid() WHERE project_id IS NULL")
        session.exec_driver_sql("UPDATE landing.dead_letter SET next_try_at = NULL")
    assert not fold_pending(database)
    assert client.post(f"{LETTERS}/replay", json={"since": since, "type": "push"}).json()["events"] == 0
    assert client.post(f"{LETTERS}/replay", json={"since": since}).json()["events"] == 3
    assert fold_next(database).events == 3
    assert client.get(LETTERS).json()["items"] == []
    assert client.post(f"{LETTERS}/replay", json={"since": since, "until": since}).status_code == 400


def test_what_folded_well_is_folded_again_where_asked_for(broken: Kino) -> None:
    client, database = broken.signed_in(), broken.database
    with database.write() as session:
        session.exec_driver_sql("DELETE FROM kino.agent_activity")
        session.exec_driver_sql("UPDATE landing.dead_letter SET next_try_at = NULL")
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    asked = {"since": since, "folded": True, "source": "agent"}
    assert client.post(f"{LETTERS}/replay", json=asked).json()["events"] == 4
    while fold_pending(database):
        fold_next(database)
    assert one(database, "SELECT count(*) FROM kino.agent_activity") == 1
    assert one(database, "SELECT count(*) FROM landing.refold") == 0


def test_a_source_that_keeps_failing_shows_in_the_details_of_health(broken: Kino) -> None:
    landed(broken.database, [homeless(str(number)) for number in range(2)])
    fold_next(broken.database)
    found = broken.signed_in().get("/health/details").json()["capabilities"]
    [fold] = [each for each in found if each["name"] == "fold"]
    assert (fold["state"], "agent (5)" in fold["detail"]) == ("degraded", True)
