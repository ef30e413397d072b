"""The worker: folds what lands, tells the open pages, keeps the partitions, erases. Run as many copies as wanted."""

import signal
import threading
import time
from types import FrameType

import structlog
from redis import Redis

from kino_core.database import WRITER_IDLE_TRANSACTION_MS, Database, DatabaseUnavailable
from kino_core.live import connect_publisher
from kino_core.settings import Settings
from kino_ingest.announce import Announcer
from kino_ingest.erasure import keep_erasing
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.partitions import keep_partitions, lock_refused

POLL_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0
PARTITION_SECONDS = 3600.0
STATEMENT_TIMEOUT_MS = 60_000
ERASER_SECONDS = 5.0

log = structlog.get_logger(__name__)


def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; the batch in hand is finished first."""
    stop = threading.Event()

    def _stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    database = Database(
        settings.database_url,
        pool_max=2,
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        idle_transaction_ms=WRITER_IDLE_TRANSACTION_MS,
    )
    redis = connect_publisher(settings.redis_url) if settings.redis_url else None
    # Beside the fold, which an erasure of a long history would hold up.
    eraser = threading.Thread(target=keep_erasing, args=(settings.database_url, stop), name="erasures", daemon=True)
    eraser.start()
    try:
        work(database, redis, stop)
    finally:
        stop.set()
        # One that is under way is finished by whoever starts next.
        eraser.join(ERASER_SECONDS)
        database.close()
        if redis is not None:
            redis.close()


def work(database: Database, redis: Redis | None, stop: threading.Event) -> None:
    """Fold until `stop` is set; while PostgreSQL is away, wait for it."""
    announcer = Announcer(redis)
    partitions_due = time.monotonic()
    wait = POLL_SECONDS
    while not stop.is_set():
        try:
            if time.monotonic() >= partitions_due:
                _keep_partitions(database)
                partitions_due = time.monotonic() + PARTITION_SECONDS
            pause = _step(database, announcer)
            wait = POLL_SECONDS
        except DatabaseUnavailable as error:
            log.warning("PostgreSQL is away", error=str(error.__cause__ or error), again_in_seconds=wait)
            pause = wait
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)
        stop.wait(pause)


def _step(database: Database, announcer: Announcer) -> float:
    """Fold one batch and return how long to pause: not at all while there is more."""
    if not fold_pending(database):
        return POLL_SECONDS
    folded = fold_next(database)
    if folded.failed:
        log.error("events could not be folded", failed=folded.failed)
    for source, failures in folded.failing:
        log.error("a source keeps failing: see `kino dlq list`", source=source, failures=failures)
    for sender, events in folded.ahead.items():
        log.warning("events claim to be from the future: their sender's clock is ahead", sender=sender, events=events)
    announcer.tell(folded.changes)
    return 0.0 if folded.events else POLL_SECONDS


def _keep_partitions(database: Database) -> None:
    try:
        moved = keep_partitions(database)
    except DatabaseUnavailable as error:
        if not lock_refused(error.__cause__):
            raise
        # A busy table is no reason to stop folding: the default partitions take what comes until the next hour.
        log.warning("partitions could not be made now", error=str(error.__cause__))
        return
    if moved:
        log.error("rows had landed in a default partition and were moved", months=moved)
