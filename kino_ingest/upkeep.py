"""Upkeep: what has to be done now and then, whoever works. Every task is safe to repeat and to run beside itself."""

import time
from collections.abc import Callable

import structlog

from kino_core.database import Database, DatabaseUnavailable
from kino_ingest.audit.chain import AuditKey
from kino_ingest.audit.retention import drop_old_months
from kino_ingest.audit.seal import MOST_AT_ONCE, anchor, seal_next, unsealed
from kino_ingest.mailer import forget_what_is_over
from kino_ingest.partitions import keep_partitions, lock_refused
from kino_ingest.sql import read_sql

SEAL_SECONDS = 1.0
MOST_BATCHES = 5
ANCHOR_SECONDS = 60.0
PARTITION_SECONDS = 3600.0
RETENTION_SECONDS = 3600.0

log = structlog.get_logger(__name__)


class Upkeep:
    """The tasks of one worker and when each is due; without an audit key nothing is signed and nothing dropped."""

    def __init__(self, database: Database, audit_key: AuditKey | None) -> None:
        self._database = database
        self._key = audit_key
        tasks: list[tuple[Callable[[], None], float]] = [
            (self._keep_partitions, PARTITION_SECONDS),
            (self._seal, SEAL_SECONDS),
            (self._forget_security_events, RETENTION_SECONDS),
            (self._forget_what_is_over, RETENTION_SECONDS),
        ]
        if audit_key is not None:
            tasks += [(self._anchor, ANCHOR_SECONDS), (self._drop_old_audit, RETENTION_SECONDS)]
        self._tasks = tasks
        self._due = [0.0] * len(tasks)

    def do_what_is_due(self) -> None:
        """Do the tasks whose time has come; raises DatabaseUnavailable, and then does them again."""
        for number, (task, seconds) in enumerate(self._tasks):
            if time.monotonic() < self._due[number]:
                continue
            try:
                task()
            except DatabaseUnavailable as error:
                if not lock_refused(error.__cause__):
                    raise
                # A busy table is no reason to stop working; the default partitions take what comes until then.
                log.warning("upkeep has to wait", task=task.__name__.strip("_"), error=str(error.__cause__))
            self._due[number] = time.monotonic() + seconds

    def _keep_partitions(self) -> None:
        moved = keep_partitions(self._database)
        if moved:
            log.error("rows had landed in a default partition and were moved", months=moved)

    def _seal(self) -> None:
        with self._database.read() as session:
            if not unsealed(session).entries:
                return
        # A backlog is worked off in parts, so that the fold has its turn in between.
        for _ in range(MOST_BATCHES):
            if seal_next(self._database) < MOST_AT_ONCE:
                return

    def _anchor(self) -> None:
        if self._key is not None:
            anchor(self._database, self._key)

    def _drop_old_audit(self) -> None:
        if self._key is not None and (names := drop_old_months(self._database, self._key)):
            log.info("months of the audit were old enough to go", partitions=names)

    def _forget_what_is_over(self) -> None:
        forget_what_is_over(self._database)

    def _forget_security_events(self) -> None:
        with self._database.write() as session:
            session.exec_driver_sql(read_sql("security_events_forget"))
