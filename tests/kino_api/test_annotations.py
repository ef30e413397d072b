"""Annotations: notes on a day, about the project, a metric or an item."""

import uuid

from kino_api.projects import create_project
from kino_api.users import ProjectRole
from kino_core.database import query

from .conftest import Kino


def test_notes_are_pinned_to_days_and_found_by_what_they_are_about(kino: Kino) -> None:
    with kino.database.write() as session:
        project_id = create_project(session, "Checkout").id
    client, url = kino.signed_in(), f"/api/v1/projects/{project_id}/annotations"
    item = client.post(f"/api/v1/projects/{project_id}/scope-items", json={"title": "Pay by card"}).json()["id"]
    for day, about in (
        ("2026-09-03", {}),
        ("2026-09-01", {"metric": "commits"}),
        ("2026-09-02", {"scope_item_id": item}),
    ):
        made = client.post(url, json={"day": day, "text": f"On {day}", **about})
        assert made.status_code == 201, made.text
        assert client.get(made.headers["location"]).json() == made.json()

    def days(**asked: str) -> list[str]:
        return [each["day"] for each in client.get(url, params=asked).json()["items"]]

    assert days() == ["2026-09-01", "2026-09-02", "2026-09-03"]
    assert days(metric="commits") == ["2026-09-01"]
    assert days(scope_item_id=item) == ["2026-09-02"]
    assert days(period="2026-09-02/2026-09-30") == ["2026-09-02", "2026-09-03"]
    page = client.get(url, params={"limit": "2"}).json()
    assert days(limit="2", cursor=page["next_cursor"]) == ["2026-09-03"]

    one = made.headers["location"]
    changed = client.patch(one, json={"scope_item_id": None, "metric": "prs_merged"})
    assert (changed.json()["metric"], changed.json()["text"]) == ("prs_merged", "On 2026-09-02")
    late = client.patch(one, json={"text": "x"}, headers={"If-Match": made.headers["etag"]})
    assert (late.status_code, late.json()["error"]["code"]) == (412, "PRECONDITION_FAILED")
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    for body, status in (
        ({"day": "2026-09-01", "text": " "}, 400),
        ({"day": "2026-09-01", "text": "x", "metric": "unheard_of"}, 404),
        ({"day": "2026-09-01", "text": "x", "scope_item_id": str(uuid.uuid4())}, 404),
        ({"day": "2026-09-01", "text": "x", "metric": "commits", "scope_item_id": item}, 400),
    ):
        assert client.post(url, json=body).status_code == status, body
    with kino.database.read() as reading:
        told = query(reading, "SELECT type FROM landing.event WHERE type LIKE 'annotation%' ORDER BY id")
        audited = query(reading, "SELECT action FROM kino.audit WHERE entity_type = 'annotation' ORDER BY id")
    assert [row.type for row in told] == ["annotation_added"] * 3 + ["annotation_changed", "annotation_deleted"]
    assert [row.action for row in audited] == ["CREATE"] * 3 + ["UPDATE", "DELETE"]


def test_a_note_outlives_the_item_that_it_was_about(kino: Kino) -> None:
    with kino.database.write() as session:
        project_id = create_project(session, "Checkout").id
    client, project = kino.signed_in(), f"/api/v1/projects/{project_id}"
    item = client.post(f"{project}/scope-items", json={"title": "Pay by card"}).headers["location"]
    body = {"day": "2026-09-01", "text": "Given up", "scope_item_id": item.rpartition("/")[2]}
    note = client.post(f"{project}/annotations", json=body).headers["location"]
    assert client.delete(item).status_code == 204
    assert client.get(note).json()["scope_item_id"] is None
    with kino.signed_in_as(memberships={project_id: ProjectRole.MEMBER}) as member:
        assert member.get(note).status_code == 200
        assert member.patch(note, json={"text": "mine"}).status_code == 403
