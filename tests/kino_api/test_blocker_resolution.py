"""Blockers that people close: here, in the items that they hold, and in the log that the lake reads."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kino_api.blocker_resolution import UnknownBlocker, resolve_blocker
from kino_api.blockers import open_blockers
from kino_api.projects import create_project
from kino_api.scope_items import create_item, get_item
from kino_api.users import ProjectRole
from kino_core.database import Database, query
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from tests.factories.events import agent_report

from .conftest import Kino

NOW = datetime.now(UTC)


@pytest.fixture
def project_id(database: Database) -> uuid.UUID:
    with database.write() as session:
        return create_project(session, "Checkout").id


def _report(database: Database, project_id: uuid.UUID, minutes: int, task: str = "KIN-1", **data: Any) -> None:  # noqa: ANN401
    at = NOW + timedelta(minutes=minutes)
    with database.write() as session:
        land(session, [agent_report(project_id, "blocker_identified", at, task=task, **data)])
    while fold_pending(database):
        fold_next(database)


def test_a_person_closes_a_blocker_until_it_is_reported_anew(database: Database, project_id: uuid.UUID) -> None:
    with database.write() as session:
        item = create_item(session, project_id, {"title": "Pay by card", "key": "KIN-1"}).id
    # This agent's clock is ahead: the person still has the last word.
    _report(database, project_id, +30, blocker_id="b1", description="No key")
    with database.write() as session:
        assert get_item(session, project_id, item).status == "BLOCKED"
        closed = resolve_blocker(session, project_id, "b1")
        assert open_blockers(session, project_id) == []  # type: ignore[arg-type]  # a writer reads too
        assert get_item(session, project_id, item).status == "TODO"
    assert closed.resolved_at > NOW + timedelta(minutes=30)
    with pytest.raises(UnknownBlocker), database.write() as session:
        resolve_blocker(session, project_id, "b1")
    with database.read() as session:
        [told] = query(session, "SELECT occurred_at, body FROM landing.event WHERE type = 'blocker_resolved'")
    assert (told.occurred_at, told.body["blocker_id"]) == (closed.resolved_at, "b1")
    _report(database, project_id, +60, blocker_id="b1", description="The key is gone again")
    with database.read() as session:
        [again] = open_blockers(session, project_id)
        assert get_item(session, project_id, item).status == "BLOCKED"
    assert (again.description, again.opened_at) == ("The key is gone again", NOW + timedelta(minutes=60))


def test_a_blocker_is_open_since_it_opened_last(database: Database, project_id: uuid.UUID) -> None:
    for minutes, resolved in ((1, False), (2, True), (3, False), (4, False)):
        _report(database, project_id, minutes, blocker_id="b1", description="x", resolved=resolved)
    with database.read() as session:
        [found] = open_blockers(session, project_id)
    assert (found.opened_at, found.last_reported_at) == (NOW + timedelta(minutes=3), NOW + timedelta(minutes=4))


def test_leaders_close_blockers_whatever_agents_call_them(kino: Kino, project_id: uuid.UUID) -> None:
    url = f"/api/v1/projects/{project_id}/blockers"
    _report(kino.database, project_id, -5, task="feature/pay by card", description="No key")
    with kino.signed_in_as(memberships={project_id: ProjectRole.MEMBER}) as member:
        assert member.post(f"{url}/feature%2Fpay%20by%20card/resolve").status_code == 403
    with kino.signed_in_as(memberships={project_id: ProjectRole.PROJECT_LEADER}) as leader:
        [blocker] = leader.get(url).json()["items"]
        closed = leader.post(f"{url}/feature%2Fpay%20by%20card/resolve")
        assert (closed.status_code, closed.json()["blocker_id"]) == (200, blocker["blocker_id"])
        assert closed.json()["resolved_by"] == leader.headers["x-user-id"]
        assert leader.get(url).json()["items"] == []
        again = leader.post(f"{url}/feature%2Fpay%20by%20card/resolve")
        assert (again.status_code, again.json()["error"]["code"]) == (404, "UNKNOWN_BLOCKER")
    with kino.database.read() as session:
        audited = query(session, "SELECT actor_type, action FROM kino.audit WHERE entity_type = 'blocker_resolution'")
    assert [(row.actor_type, row.action) for row in audited] == [("user", "CREATE")]
