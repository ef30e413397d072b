"""How a refresh grows with the history and with what is new: the same delta over a short and a long history.

Starts a PostgreSQL of its own, lands generated commits and agent events through the real landing code, and prints
JSON. Ratios compare runs of one process on one machine; the seconds alone say little.
"""

import hashlib
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from benchmarks.ingest.servers import postgres_server
from kino_assets.refresh import LakeWriter
from kino_core import schema_changes
from kino_core.database import Database
from kino_core.events import Event, Source, canonical_json, repository_id
from kino_core.settings import settings_from
from kino_ingest.landing import land

HISTORIES = (5_000, 20_000)
DELTA = 500
REPEATS = 3
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="kino-bench-") as folder, postgres_server(Path(folder)) as address:
        runs = [_measure(Path(folder), address, commits) for commits in HISTORIES]
    short, long = runs
    print(
        json.dumps(
            {
                "benchmark": "refresh",
                "delta_events": DELTA,
                "runs": runs,
                "delta_ratio_long_to_short": round(long["delta_seconds"] / short["delta_seconds"], 2),
                "history_ratio_long_to_short": HISTORIES[1] / HISTORIES[0],
                "full_to_delta_on_long": round(long["full_seconds"] / long["delta_seconds"], 1),
            },
            indent=2,
        )
    )


def _measure(folder: Path, address: str, commits: int) -> dict[str, float]:
    name = f"bench_{commits}"
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    url = address.rsplit("/", 1)[0] + f"/{name}"
    schema_changes.migrate(url)
    settings = settings_from({"KINO_HOME": str(folder / name), "DATABASE_URL": url})
    project = uuid.uuid5(uuid.NAMESPACE_OID, name)
    with closing(Database(url, statement_timeout_ms=60_000)) as database, closing(LakeWriter(settings)) as writer:
        _land(database, [*_project(project), *_commits(project, 0, commits)])
        writer.refresh(everything=True)
        full = [writer.refresh(full=True, everything=True).seconds for _ in range(REPEATS)]
        deltas = []
        for repeat in range(REPEATS):
            _land(database, list(_commits(project, commits + repeat * DELTA, DELTA)))
            began = time.perf_counter()
            writer.refresh(everything=True)
            deltas.append(time.perf_counter() - began)
    return {
        "history_commits": commits,
        "full_seconds": round(statistics.median(full), 3),
        "delta_seconds": round(statistics.median(deltas), 3),
    }


def _land(database: Database, events: list[Event]) -> None:
    for start in range(0, len(events), 1000):
        with database.write() as session:
            land(session, events[start : start + 1000])


def _project(project: uuid.UUID) -> Iterator[Event]:
    owner = {"project_id": str(project), "time_zone": "UTC", "name": "Benchmark"}
    place = {"repository_id": str(repository_id("bench")), "full_name": "bench", "project_id": str(project)}
    for kind, body in (("project_created", owner), ("repository_connected", place)):
        yield Event(
            source=Source.KINO,
            event_id=str(uuid.uuid4()),
            type=kind,
            occurred_at=BEGIN,
            body=body,
            raw=canonical_json(body),
            project_id=project,
        )


def _commits(project: uuid.UUID, first: int, count: int) -> Iterator[Event]:
    """Yield commits of forty authors, a squashed pull request every third, an agent's trailer every fifth."""
    for number in range(first, first + count):
        moment = BEGIN + timedelta(minutes=30 * number)
        author = {"name": f"A{number % 40}", "email": f"a{number % 40}@example.org", "date": moment.isoformat()}
        sha = hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()
        agent = [{"name": "Claude", "email": "noreply@anthropic.com"}] if number % 5 == 0 else []
        body = {
            "sha": sha,
            "parents": ["0" * 40],
            "author": author,
            "committer": author,
            "subject": f"Change (#{number})" if number % 3 == 0 else "Change",
            "trailers": [],
            "co_authors": agent,
            "files": [{"path": "a.py", "added": 5, "deleted": 2}, {"path": "b.py", "added": 1, "deleted": 0}],
        }
        yield Event(
            source=Source.GIT,
            event_id=f"bench@{sha}",
            type="commit",
            occurred_at=moment,
            body=body,
            raw=canonical_json(body),
            project_id=project,
            repository="bench",
        )


if __name__ == "__main__":
    main()
