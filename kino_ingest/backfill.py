"""A whole history in at once: streamed, landed in batches, repeatable."""

import gzip
import os
import subprocess
import tempfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kino_core.database import Database
from kino_core.errors import KinoError
from kino_core.events import Event
from kino_ingest.bulk import MOST_CHUNK_BYTES, MOST_CHUNK_EVENTS, land_chunk
from kino_ingest.committer import RefusedRow
from kino_ingest.git import LOG_FORMAT, Rejected
from kino_ingest.landing import Outcome

CHUNK_BYTES = 256 * 1024
BATCHES_AHEAD = 2
"""How many batches may wait for PostgreSQL: with more, memory would hold a history that is read faster than stored."""
_GZIP_MAGIC = b"\x1f\x8b"


_Batch = list[Event | Rejected]
_Outcomes = list[Outcome | RefusedRow]


class UnreadableHistory(KinoError):
    """The file or clone that was named cannot be read as a git history."""

    code = "UNREADABLE_HISTORY"


@dataclass
class BackfillCount:
    """How many records were read, and what became of them; `rejected` includes conflicts."""

    events: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


def backfill(
    database: Database,
    events: Iterable[Event | Rejected],
    *,
    on_rejected: Callable[[str], None],
    on_landed: Callable[[int], None],
) -> BackfillCount:
    """Land `events` in batches, one transaction each, and return their count; `database` needs one connection.

    `on_rejected` gets a sentence for each record that was not landed, `on_landed` the number of records after each
    batch. What landed before an error stays; running again continues where it stopped.
    """
    count = BackfillCount()
    waiting: deque[tuple[_Batch, Future[_Outcomes]]] = deque()

    def settle() -> None:
        batch, landing = waiting.popleft()
        _settle(count, batch, landing.result(), on_rejected)
        on_landed(len(batch))

    # While PostgreSQL writes one batch, the next is read.
    with ThreadPoolExecutor(1, thread_name_prefix="landing") as landings:
        try:
            for batch in _batches(events):
                waiting.append((batch, landings.submit(_land, database, batch)))
                if len(waiting) > BATCHES_AHEAD:
                    settle()
        finally:
            while waiting:
                settle()
    return count


def _land(database: Database, batch: _Batch) -> _Outcomes:
    good = [event for event in batch if isinstance(event, Event)]
    return land_chunk(database, good) if good else []


def _settle(count: BackfillCount, batch: _Batch, outcomes: _Outcomes, on_rejected: Callable[[str], None]) -> None:
    for record in batch:
        if isinstance(record, Rejected):
            on_rejected(f"Record {record.position} was rejected: {record.reason}.")
    good = [record for record in batch if isinstance(record, Event)]
    refused = 0
    for event, outcome in zip(good, outcomes, strict=True):
        if outcome is Outcome.CONFLICT:
            on_rejected(f"{event.event_id} was rejected: it landed before with other content.")
        elif isinstance(outcome, RefusedRow):
            on_rejected(f"{event.event_id} was rejected: {outcome.message}")
        refused += not isinstance(outcome, Outcome) or outcome is Outcome.CONFLICT
    count.events += len(batch)
    count.accepted += outcomes.count(Outcome.ACCEPTED)
    count.duplicates += outcomes.count(Outcome.DUPLICATE)
    count.rejected += len(batch) - len(good) + refused


def read_history_file(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked when its content is gzip whatever its name is.

    Raises UnreadableHistory when it cannot be opened or its compressed data is damaged.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            file.seek(0)
            # One step at a time: a longer read would lose what it has when the end of a damaged file comes.
            yield from _chunks(gzip.GzipFile(fileobj=file).read1 if packed else file.read)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableHistory(f"{path} is damaged ({error}). What came before is in; get a whole copy.") from error
    except OSError as error:
        raise UnreadableHistory(f"{path} cannot be read: {error.strerror or error}.") from error


def read_clone(path: Path) -> Iterator[bytes]:
    """Yield what `git log` prints for every commit reachable from HEAD of the clone at `path`.

    Raises UnreadableHistory when git is missing, `path` is no clone, or its history is damaged.
    """
    with _git(
        path, "log", "--no-renames", "--numstat", "--no-ext-diff", "--no-textconv", f"--format={LOG_FORMAT}"
    ) as out:
        yield from _chunks(out.read)


def count_commits(path: Path) -> int:
    """Return how many commits `read_clone` will yield."""
    with _git(path, "rev-list", "--count", "HEAD") as out:
        number = out.read()
    return int(number)


def _chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while chunk := read(CHUNK_BYTES):
        yield chunk


def _batches(events: Iterable[Event | Rejected]) -> Iterator[_Batch]:
    batch: _Batch = []
    size = 0
    try:
        for event in events:
            batch.append(event)
            size += len(event.raw) if isinstance(event, Event) else 0
            if len(batch) >= MOST_CHUNK_EVENTS or size >= MOST_CHUNK_BYTES:
                yield batch
                batch, size = [], 0
    except UnreadableHistory:
        # What came before the damage is good.
        if batch:
            yield batch
        raise
    if batch:
        yield batch


@contextmanager
def _git(path: Path, *arguments: str) -> Iterator[IO[bytes]]:
    # The clone may belong to another user, and neither its owner's nor the reader's own settings may change
    # what is printed: the same history must give the same events everywhere.
    settings = ["safe.directory=*", "log.showSignature=false", "log.showRoot=true", "i18n.logOutputEncoding=UTF-8"]
    options = [part for setting in settings for part in ("-c", setting)]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    with tempfile.TemporaryFile() as complaints:
        command = ["git", *options, "-C", str(path), *arguments]
        try:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, env=environment)
        except FileNotFoundError as error:
            raise UnreadableHistory("git is not installed. Install it, or use a gitlog file.") from error
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.stdout.close()
            status = process.wait()
        if status:
            complaints.seek(0)
            reason = complaints.read(2000).decode("utf-8", "replace").strip().removeprefix("fatal: ")
            raise UnreadableHistory(f"git cannot read the history of {path}: {reason or f'it ended with {status}'}.")
