"""The demo: the history of the clone that Kino stands in, and a demo agent at work, through the doors real ones use."""

import json
import re
import subprocess
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from kino_api.projects import ensure_project
from kino_api.repositories import connect_repository
from kino_api.tokens import Terms, create_token
from kino_cli.output import progress, say
from kino_core.database import Database, query
from kino_core.identities import AgentType
from kino_core.settings import Settings
from kino_ingest.backfill import backfill, count_commits, read_clone
from kino_ingest.git import commit_events, read_records

AT_ONCE = 4
TRICKLE_SECONDS = 20.0
TRICKLE_EVENTS = 30
"""The live feed is worth watching for the first ten minutes; after that the demo agent has gone home."""
DEMO_AGENT = "demo-agent"

Body = dict[str, object]


def load_demo(settings: Settings) -> None:
    """Fill a Kino that has no project yet: this clone's history, then a few agent events while this process lives."""
    clone = _clone()
    with closing(Database(settings.database_url, pool_max=2, statement_timeout_ms=60_000)) as database:
        with database.read() as session:
            if query(session, "SELECT 1 FROM kino.project LIMIT 1"):
                return
        if clone is None:
            say("No demo: Kino does not stand in a git clone. Bring a history in with `kino backfill git PATH`.")
            return
        project_id, name = _load_history(database, clone)
        with database.write() as session:
            token = create_token(session, settings.env, project_id, Terms(AgentType.OTHER)).token
    events = _working_day()
    for _ in range(AT_ONCE):
        _send(settings, token, next(events))
    threading.Thread(target=_trickle, args=(settings, token, events), daemon=True).start()
    say(f"\n{name} is loaded from {clone}, with a demo agent at work.")
    say("Connect your own:")
    say("  .venv/bin/kino backfill git PATH_OF_A_CLONE --project NAME")
    say("  .venv/bin/kino token create --project NAME       then post agent events as the README shows")


def _clone() -> Path | None:
    folder = Path(__file__).resolve().parent.parent
    return folder if (folder / ".git").exists() and count_commits(folder) > 0 else None


def _load_history(database: Database, clone: Path) -> tuple[uuid.UUID, str]:
    name = _name(clone)
    with database.write() as session:
        project = ensure_project(session, name)
        connect_repository(session, project.id, name)
    with progress() as display:
        task = display.add_task(f"Landing {name}", total=count_commits(clone))
        backfill(
            database,
            commit_events(read_records(read_clone(clone)), repository=name, project_id=project.id),
            on_rejected=say,
            on_landed=lambda number: display.advance(task, number),
        )
    return project.id, name


def _name(clone: Path) -> str:
    """Return what the clone's origin calls it, else its folder's name, else a name that every project may have."""
    origin = subprocess.run(
        ["git", "-C", str(clone), "config", "--get", "remote.origin.url"], capture_output=True, text=True, check=False
    ).stdout.strip()
    for candidate in (re.split(r"[/:]", origin.removesuffix(".git"))[-1], clone.name):
        if re.fullmatch(r"[\w.\-]{3,100}", candidate):
            return candidate
    return "This clone"


def _working_day() -> Iterator[Body]:
    """Yield what the demo agent reports, task after task, marked as a demo in every event."""
    number = 0
    while True:
        number += 1
        task = f"DEMO-{number}"
        yield _event("task_started", task, title="A task of the demo agent")
        yield _event("test_execution", task, passed=11 + number, failed=number % 2, skipped=1, suite="demo")
        yield _event("blocker_identified", task, description="The demo agent waits for an answer", blocker_id=task)
        yield _event("blocker_identified", task, description="Answered", blocker_id=task, resolved=True)
        yield _event("task_completed", task, title="A task of the demo agent")


def _event(event_type: str, task: str, **data: object) -> Body:
    return {"agent_id": DEMO_AGENT, "event_type": event_type, "task_id": task, "data": {**data, "demo": True}}


def _send(settings: Settings, token: str, event: Body) -> None:
    body = json.dumps({**event, "timestamp": datetime.now(UTC).isoformat()}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{settings.port}/webhooks/agent-update", body, headers)
    with urllib.request.urlopen(request, timeout=10):
        pass


def _trickle(settings: Settings, token: str, events: Iterator[Body]) -> None:
    pause = threading.Event()
    for _ in range(TRICKLE_EVENTS):
        pause.wait(TRICKLE_SECONDS)
        try:
            _send(settings, token, next(events))
        except (urllib.error.URLError, TimeoutError):
            return
