"""No query for each row, and never a second connection for one request."""

import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from kino_api.permissions import ROUTES
from kino_core import database as module
from kino_core.settings import Settings
from kino_ingest.summaries import recount_touched

from .conftest import Kino
from .statements import statements_of

NOW = datetime.now(UTC)
PROJECT = uuid.UUID(int=1)
FROM_THE_LAKE = ("/metrics", "/explain")
"""Lists of what PostgreSQL does not hold; they end so."""

ROWS = (
    "INSERT INTO kino.initiative (id, name, created_at) VALUES (%(id)s, %(name)s, %(now)s)",
    "INSERT INTO kino.project (id, name, initiative_id, created_at, updated_at)"
    " VALUES (%(id)s, %(name)s, %(id)s, %(now)s, %(now)s)",
    "INSERT INTO kino.agent VALUES (%(id)s, %(name)s, 'CLAUDE', %(now)s, %(now)s, 'task_started')",
    "INSERT INTO kino.agent_activity"
    " (occurred_at, source, event_id, event_row, project_id, agent_id, event_type, task_id, data)"
    " VALUES (%(now)s, 'agent', %(name)s, %(number)s, %(project)s, %(id)s, 'blocker_identified', %(name)s, '{}')",
    "INSERT INTO kino.agent_activity"
    " (occurred_at, source, event_id, event_row, project_id, agent_id, event_type, task_id, data)"
    " VALUES (%(now)s, 'agent', 'of 1/' || %(number)s, %(number)s, %(project)s, %(project)s, 'x', '', '{}')",
    "INSERT INTO kino.agent_session"
    " VALUES (%(project)s, %(project)s, %(name)s, NULL, NULL, NULL, %(now)s, %(now)s, 1, 1, 1, 1, 1)",
    "INSERT INTO kino.\"user\" (id, email, name, password_hash) VALUES (%(id)s, %(name)s, %(name)s, '')",
    "INSERT INTO kino.project_member (project_id, user_id, role) VALUES (%(project)s, %(id)s, 'MEMBER')",
    "INSERT INTO kino.session (id, user_id, refresh_hash, expires_at)"
    " SELECT gen_random_uuid(), id, uuid_send(gen_random_uuid()), now() + interval '1 day' FROM kino.\"user\"",
    "INSERT INTO kino.milestone (id, project_id, name, due_date, created_at, updated_at)"
    " VALUES (%(id)s, %(project)s, %(name)s, current_date, %(now)s, %(now)s)",
    "INSERT INTO kino.scope_item (id, project_id, title, position, created_at, updated_at)"
    " VALUES (%(id)s, %(project)s, %(name)s, %(number)s, %(now)s, %(now)s)",
    "INSERT INTO kino.project (id, name, created_at, updated_at)"
    " VALUES (%(other)s, 'Depended ' || %(number)s, %(now)s, %(now)s)",
    "INSERT INTO kino.dependency (id, project_id, depends_on_project_id, created_at)"
    " VALUES (%(id)s, %(project)s, %(other)s, %(now)s)",
    "INSERT INTO kino.project_update"
    " (id, project_id, submitted_by, overall_status, period_start, period_end, submitted_at, updated_at)"
    " VALUES (%(id)s, %(project)s, %(id)s, 'ON_TRACK', current_date, current_date, %(now)s, %(now)s)",
    "INSERT INTO kino.annotation (id, project_id, day, text, created_at, updated_at)"
    " VALUES (%(id)s, %(project)s, current_date, %(name)s, %(now)s, %(now)s)",
    "INSERT INTO kino.security_event (id, occurred_at, last_at, kind, severity, count)"
    " VALUES (%(id)s, %(now)s, %(now)s, 'refused', 'low', 1)",
    "INSERT INTO kino.audit (actor_type, action, entity_type, project_id)"
    " VALUES ('system', 'UPDATE', 'project', %(project)s)",
    "INSERT INTO kino.repository VALUES (%(other)s, %(name)s, %(project)s, %(now)s)",
    "INSERT INTO kino.token (id, project_id, token_hash, last4) VALUES (%(id)s, %(project)s, %(hash)s, 'abcd')",
    "INSERT INTO kino.report (id, kind, title, scope_type, period, as_of, lake_snapshot_id, snapshot_sha256, snapshot)"
    " VALUES (%(id)s, 'qbr', %(name)s, 'portfolio', '2026-Q3', %(now)s, 1, '', '{}')",
    "INSERT INTO landing.dead_letter (event_row, received_at, source, event_id, error, stack, attempts)"
    " VALUES (%(number)s, %(now)s, 'agent', %(name)s, '', '', 1)",
)


def fill(kino: Kino, first: int, last: int) -> None:
    """Store a row more of everything that is listed for each number."""
    with kino.database.write() as session:
        for number in range(first, last + 1):
            values = {
                "id": uuid.UUID(int=number),
                "other": uuid.uuid4(),
                "project": PROJECT,
                "name": f"Number {number}",
                "number": number,
                "now": NOW - timedelta(minutes=number),
                "hash": str(number).encode(),
            }
            for statement in ROWS:
                session.exec_driver_sql(statement, values)
    recount_touched(kino.database)


def lists_of(kino: Kino) -> list[str]:
    """Return the address of every list that PostgreSQL holds, about project, agent and user number 1."""
    found = []
    for path, methods in kino.app.openapi()["paths"].items():
        answers = methods.get("get", {}).get("responses", {})
        shape = answers.get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if "/Page_" in shape.get("$ref", "") and not path.endswith(FROM_THE_LAKE):
            found.append(path.format_map(defaultdict(lambda: str(PROJECT))))
    return found


def test_a_list_takes_as_many_statements_for_fifty_as_for_one(kino: Kino) -> None:
    client, used = kino.signed_in(), kino.app.state.resources.database
    lists = lists_of(kino)
    assert len(lists) > 20

    def asked() -> dict[str, tuple[int, int]]:
        found = {}
        for path in lists:
            with statements_of(used) as sent:
                answer = client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            found[path] = (len(answer.json()["items"]), len(sent))
        return found

    fill(kino, 1, 1)
    of_one = asked()
    fill(kino, 2, 50)
    of_fifty = asked()
    assert all(0 < items < 40 for items, _ in of_one.values()), of_one
    assert all(items >= 50 for items, _ in of_fifty.values()), of_fifty
    assert {path: count for path, (_, count) in of_one.items()} == {
        path: count for path, (_, count) in of_fifty.items()
    }
    # Who asks and whether they may is one transaction, the list another.
    assert max(count for _, count in of_one.values()) <= 7, of_one


def test_every_read_does_with_one_connection(
    start: Callable[[Settings], Kino], api_settings: Settings, administrator: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Capabilities and open pages use the same one now and then; a request in its own way would wait for ever.
    monkeypatch.setattr(module, "POOL_WAIT_SECONDS", 15.0)
    kino = start(api_settings.model_copy(update={"database_pool_max": 1}))
    fill(kino, 1, 1)
    client = kino.signed_in()
    client.timeout = 60.0
    known = defaultdict(lambda: str(PROJECT), letter_id="1", key="commits")
    paths = [path.format_map(known) for method, path in ROUTES if method == "GET"]
    assert len(paths) > 15
    for path in paths:
        answer = client.get(path)
        busy = answer.status_code >= 500 and answer.json()["error"]["code"] != "LAKE_NOT_READY"
        assert not busy, (path, answer.text)


def test_when_every_connection_is_in_use_one_is_told_to_come_again(
    start: Callable[[Settings], Kino], api_settings: Settings, administrator: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POOL_WAIT_SECONDS", 0.1)
    kino = start(api_settings.model_copy(update={"database_pool_max": 1}))
    client = kino.signed_in()
    with kino.app.state.resources.database.read():
        answer = client.get("/api/v1/projects")
    assert (answer.status_code, answer.json()["error"]["retryable"]) == (503, True)
    assert answer.headers["retry-after"]
    assert client.get("/api/v1/projects").status_code == 200
