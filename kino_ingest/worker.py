"""The worker: folds what lands, tells open pages, counts what lists show, sends mail, erases, does the upkeep.

Run as many copies as wanted.
"""

import signal
import threading
from types import FrameType

import structlog
from redis import Redis

from kino_core.database import WRITER_IDLE_TRANSACTION_MS, Database, DatabaseUnavailable
from kino_core.live import connect_publisher
from kino_core.settings import Settings
from kino_ingest.announce import Announcer
from kino_ingest.audit.chain import AuditKey, UnusableAuditKey, load_audit_key
from kino_ingest.erasure import keep_erasing
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.mailer import mail_until
from kino_ingest.summaries import SummaryKeeper
from kino_ingest.upkeep import Upkeep

POLL_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0
STATEMENT_TIMEOUT_MS = 60_000
MAIL_END_SECONDS = 20.0
"""A delivery that takes longer is left behind when the worker ends; its lease brings it back."""
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
    # A slow mail server must hold up no event.
    mailer = threading.Thread(target=mail_until, args=(settings, stop), name="mailer", daemon=True)
    mailer.start()
    audit_key = _audit_key(settings)
    eraser = _start_eraser(settings, stop, audit_key) if audit_key is not None else None
    try:
        work(database, redis, stop, audit_key)
    finally:
        stop.set()
        mailer.join(MAIL_END_SECONDS)
        if eraser is not None:
            # An erasure that is under way is finished by whoever starts next.
            eraser.join(ERASER_SECONDS)
        database.close()
        if redis is not None:
            redis.close()


def work(database: Database, redis: Redis | None, stop: threading.Event, audit_key: AuditKey | None = None) -> None:
    """Fold until `stop` is set; while PostgreSQL is away, wait for it."""
    announcer = Announcer(redis)
    summaries = SummaryKeeper(database)
    upkeep = Upkeep(database, audit_key)
    wait = POLL_SECONDS
    while not stop.is_set():
        try:
            upkeep.do_what_is_due()
            pause = _step(database, announcer)
            announcer.forget(summaries.keep())
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
    announcer.forget({each.project_id for each in folded.changes if each.project_id is not None})
    return 0.0 if folded.events else POLL_SECONDS


def _start_eraser(settings: Settings, stop: threading.Event, audit_key: AuditKey) -> threading.Thread:
    # Beside the fold, which an erasure of a long history would hold up.
    values = (settings.database_url, stop, audit_key)
    eraser = threading.Thread(target=keep_erasing, args=values, name="erasures", daemon=True)
    eraser.start()
    return eraser


def _audit_key(settings: Settings) -> AuditKey | None:
    try:
        return load_audit_key(settings.secrets_path)
    except UnusableAuditKey as error:
        # Folding goes on: what is missing is the signature of what was sealed or erased, and doctor says so.
        log.error("the audit is not anchored and nobody is erased", error=error.message)
        return None
