"""Work that takes longer than a request: done in one process of its own, one piece after the other."""

import os
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from multiprocessing import get_context
from typing import Any

import structlog

from kino_api.permissions import Action, Permission, Resource, may_everywhere
from kino_api.users import User
from kino_core.errors import Conflict, KinoError, NotFound

READ_JOBS = Permission(Resource.JOB, Action.READ)
MOST_WAITING = 20
MOST_REMEMBERED = 500


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Job:
    """One piece of work; `report_id` once it is done, `error` a sentence when it failed."""

    id: uuid.UUID
    kind: str
    state: JobState
    created_at: datetime
    created_by: uuid.UUID
    finished_at: datetime | None = None
    report_id: uuid.UUID | None = None
    error: str | None = None


class UnknownJob(NotFound):
    """No job has that id, or it is somebody else's, or it is long forgotten."""

    code = "UNKNOWN_JOB"


class TooManyJobs(Conflict):
    """Too many jobs wait already."""

    code = "TOO_MANY_JOBS"
    retryable = True


class Jobs:
    """The jobs of this process. They die with it: who waits for one starts it again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._jobs: OrderedDict[uuid.UUID, Job] = OrderedDict()

    def start(self, kind: str, user_id: uuid.UUID, work: Callable[..., uuid.UUID], *values: object) -> Job:
        """Have `work(*values)` done, which returns the id of the report it made; raises TooManyJobs."""
        job = Job(uuid.uuid4(), kind, JobState.WAITING, datetime.now(UTC), user_id)
        with self._lock:
            if sum(each.state is JobState.WAITING for each in self._jobs.values()) >= MOST_WAITING:
                raise TooManyJobs(f"{MOST_WAITING} reports are being made already. Try again when some are done.")
            self._jobs[job.id] = job
            while len(self._jobs) > MOST_REMEMBERED:
                self._jobs.popitem(last=False)
            future = self._submit(work, values)
        future.add_done_callback(lambda done: self._finish(job, done))
        return job

    def get(self, job_id: uuid.UUID, user: User) -> Job:
        """Return a job that this user started, or anybody's where the role allows it; raises UnknownJob."""
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None or (job.created_by != user.id and not may_everywhere(user, READ_JOBS)):
            raise UnknownJob("There is no such job. Jobs are forgotten when Kino starts again.")
        return job

    def close(self) -> None:
        """End the process that works, whatever it does; a report that is half made leaves no row."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            workers = list((pool._processes or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.terminate()
                worker.join()

    def _submit(self, work: Callable[..., uuid.UUID], values: tuple[object, ...]) -> Future[uuid.UUID]:
        for _ in range(2):
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    max_workers=1, mp_context=get_context("spawn"), initializer=_end_with, initargs=(os.getpid(),)
                )
            try:
                return self._pool.submit(work, *values)
            except BrokenProcessPool:
                # The worker was killed; the next job gets a new one.
                self._pool = None
        raise BrokenProcessPool("a new pool cannot be broken")

    def _finish(self, job: Job, done: "Future[uuid.UUID]") -> None:
        changes: dict[str, Any]
        error = None if done.cancelled() else done.exception()
        if done.cancelled():
            changes = {"state": JobState.FAILED, "error": "Kino was stopped. Start the report again."}
        elif error is None:
            changes = {"state": JobState.DONE, "report_id": done.result()}
        else:
            structlog.get_logger().error("a job failed", job_id=str(job.id), kind=job.kind, exc_info=error)
            sentence = error.message if isinstance(error, KinoError) else "It failed. Its job id is in the log."
            changes = {"state": JobState.FAILED, "error": sentence}
        with self._lock:
            if job.id in self._jobs:
                self._jobs[job.id] = replace(job, finished_at=datetime.now(UTC), **changes)
            if self._pool is not None and not any(each.state is JobState.WAITING for each in self._jobs.values()):
                # What renders a report holds hundreds of megabytes; nobody needs them until the next one.
                self._pool.shutdown(wait=False)
                self._pool = None


def _end_with(parent: int) -> None:
    """End this process when the one that started it has gone, however it went."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
