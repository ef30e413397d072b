"""Initiatives: made, found, changed under their ETag, and deleted once no project belongs to them."""

import uuid

from kino_api.users import ProjectRole
from kino_core.database import query

from .conftest import Kino


def test_an_initiative_is_made_read_changed_and_deleted(kino: Kino) -> None:
    client = kino.signed_in()
    made = client.post("/api/v1/initiatives", json={"name": "Growth", "description": "Sell more"})
    assert (made.status_code, made.json()["description"]) == (201, "Sell more")
    assert made.json()["created_by"] == client.get("/auth/me").json()["id"]
    url = made.headers["location"]
    read = client.get(url)
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    changed = client.patch(url, json={"name": "GROWTH"}, headers={"If-Match": f'"7", {made.headers["etag"]}'})
    assert (changed.status_code, changed.json()["name"]) == (200, "GROWTH")
    stale = client.patch(url, json={"name": "Other"}, headers={"If-Match": made.headers["etag"]})
    assert (stale.status_code, stale.json()["error"]["code"]) == (412, "PRECONDITION_FAILED")
    assert client.patch(url, json={"description": ""}, headers={"If-Match": "*"}).json()["description"] == ""
    client.post("/api/v1/initiatives", json={"name": "Speed", "description": "Of growth"})
    assert client.patch(url, json={"name": "speed"}).json()["error"]["code"] == "INITIATIVE_EXISTS"
    assert client.patch(url, json={"name": ""}).status_code == 400

    def found(text: str) -> list[str]:
        return [each["name"] for each in client.get("/api/v1/initiatives", params={"q": text}).json()["items"]]

    assert (found("growth"), found("speed"), found("%")) == (["GROWTH", "Speed"], ["Speed"], [])
    first = client.get("/api/v1/initiatives", params={"limit": 1}).json()
    rest = client.get("/api/v1/initiatives", params={"cursor": first["next_cursor"]}).json()
    assert [each["name"] for each in first["items"] + rest["items"]] == ["GROWTH", "Speed"]

    project = client.post("/api/v1/projects", json={"name": "Checkout", "initiative": "growth"})
    client.post(f"{project.headers['location']}/archive")
    refused = client.delete(url)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "INITIATIVE_IN_USE")
    with kino.signed_in_as(memberships={project.json()["id"]: ProjectRole.PROJECT_LEADER}) as leader:
        assert leader.get(url).status_code == 200
        assert leader.patch(url, json={"name": "Mine"}).status_code == 403
        assert leader.delete(url).status_code == 403
    client.delete(project.headers["location"])
    assert client.delete(url, headers={"If-Match": made.headers["etag"]}).status_code == 412
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == client.delete(url).status_code == 404
    assert client.get(f"/api/v1/initiatives/{uuid.uuid4()}").json()["error"]["code"] == "UNKNOWN_INITIATIVE"
    with kino.database.read() as session:
        rows = query(session, "SELECT type FROM landing.event WHERE type LIKE 'initiative%' ORDER BY id")
        actions = query(
            session, "SELECT action FROM kino.audit WHERE entity_id = :id ORDER BY id", id=made.json()["id"]
        )
    assert [row.type for row in rows] == [
        "initiative_created",
        "initiative_changed",
        "initiative_changed",
        "initiative_created",
        "initiative_deleted",
    ]
    assert [row.action for row in actions] == ["CREATE", "UPDATE", "UPDATE", "DELETE"]
