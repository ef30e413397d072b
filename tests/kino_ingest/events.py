"""Events for the tests of ingestion: git records and deliveries as their sources make them."""

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kino_core.database import Database
from kino_core.events import Event, Source
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.git import Rejected, commit_events, read_records
from kino_ingest.landing import Outcome, land

SHARED = Path(__file__).parents[3] / "shared" / "data"
PROJECT = uuid.UUID("00000000-0000-4000-8000-000000000001")


def shared_history(name: str) -> Path:
    """Return a shared history, or skip the test where there is none."""
    path = SHARED / f"{name}.gitlog.gz"
    if not path.exists():
        pytest.skip("the shared histories are not here")
    return path


def sha(number: int) -> str:
    return f"{number:040x}"


def record(
    number: int,
    subject: str = "Change something",
    *,
    at: str = "2026-03-01T10:00:00+00:00",
    author: str = "Ada Lovelace",
    email: str = "ada@example.org",
    parents: Iterable[int] = (),
    trailers: str = "",
    numstat: str = "1\t2\tsrc/a.py",
) -> bytes:
    """Return one record as `git log` prints it, 0x1E first."""
    fields = [sha(number), " ".join(map(sha, parents)), author, email, at, "GitHub", "noreply@github.com", at]
    text = (
        "\x1f".join([*fields, subject, trailers]) + "\x1f\n\n" + "".join(f"{line}\n" for line in numstat.splitlines())
    )
    return b"\x1e" + text.encode()


def git_events(*records: bytes, repository: str = "acme/engine", project_id: uuid.UUID | None = PROJECT) -> list[Event]:
    events = list(commit_events(read_records(records), repository=repository, project_id=project_id))
    return [event for event in events if not isinstance(event, Rejected)]


def report_body(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    return {
        "event_id": uuid.uuid4().hex,
        "agent_id": "claude-7",
        "event_type": "task_started",
        "timestamp": "2026-11-22T20:00:00Z",
        "task_id": "KIN-42",
        "data": {},
    } | changes


def agent_event(
    event_id: str,
    event_type: str = "task_started",
    at: datetime = datetime(2026, 11, 1, tzinfo=UTC),
    **body: Any,  # noqa: ANN401
) -> Event:
    content = report_body(event_id=event_id, event_type=event_type, timestamp=at.isoformat()) | body
    return Event(
        source=Source.AGENT,
        event_id=f"{PROJECT}/{event_id}",
        type=event_type,
        occurred_at=at,
        body=content,
        raw=json.dumps(content).encode(),
        project_id=PROJECT,
    )


def github_event(kind: str, delivery: str, body: dict[str, Any], repository: str = "acme/engine") -> Event:
    body = {"repository": {"full_name": repository, "default_branch": "main"}} | body
    return Event(
        source=Source.GITHUB,
        event_id=delivery,
        type=kind,
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
        body=body,
        raw=json.dumps(body).encode(),
        repository=repository,
    )


def pull_request(number: int, delivery: str, updated_at: str, action: str, **changes: Any) -> Event:  # noqa: ANN401
    pull = {
        "number": number,
        "title": "Make it fly",
        "state": "open",
        "draft": False,
        "user": {"login": "ada"},
        "head": {"ref": "claude/fly"},
        "created_at": "2026-02-27T09:00:00Z",
        "updated_at": updated_at,
        "merged_at": None,
        "closed_at": None,
        "merge_commit_sha": None,
        "additions": 10,
        "deletions": 3,
    } | changes
    return github_event("pull_request", delivery, {"action": action, "pull_request": pull})


def landed(database: Database, events: Iterable[Event]) -> list[Outcome]:
    with database.write() as session:
        return land(session, list(events))


def fold_all(database: Database, *, batch_events: int = 2000) -> int:
    """Fold until nothing is left; return how many events failed."""
    failed = 0
    while fold_pending(database):
        failed += fold_next(database, batch_events=batch_events).failed
    return failed


def rows(database: Database, statement: str, *values: object) -> list[Any]:
    with database.read() as session:
        return [tuple(row) for row in session.exec_driver_sql(statement, values or None)]


def one(database: Database, statement: str, *values: object) -> Any:  # noqa: ANN401 - whatever the column holds
    [(value,)] = rows(database, statement, *values)
    return value
