"""Long work in a process of its own: its results, its failures, and its end with whatever started it."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kino_api.jobs import MOST_WAITING, Job, Jobs, JobState, TooManyJobs, UnknownJob
from kino_api.names import checked_name
from kino_api.users import Role, User

from .conftest import until

USER = User(uuid.uuid4(), "ada@example.com", "Ada", None)
RESULT = uuid.uuid4()


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()
    until(lambda: not _workers())


def _finished(jobs: Jobs, job: Job) -> Job:
    until(lambda: jobs.get(job.id, USER).state is not JobState.WAITING, 60)
    return jobs.get(job.id, USER)


def _workers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "spawn_main" in _command(each)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_jobs_are_done_one_after_the_other_and_leave_no_process(jobs: Jobs) -> None:
    started = [jobs.start("x", USER.id, uuid.UUID, str(RESULT)) for _ in range(2)]
    for job in started:
        done = _finished(jobs, job)
        assert (done.state, done.report_id, done.error) == (JobState.DONE, RESULT, None)
    until(lambda: not _workers())


def test_a_failure_says_why_when_it_was_foreseen_and_nothing_when_not(jobs: Jobs) -> None:
    foreseen = _finished(jobs, jobs.start("x", USER.id, checked_name, "no"))  # type: ignore[arg-type]  # it only raises
    assert (foreseen.state, foreseen.error) == (JobState.FAILED, "A name has 3 to 100 characters.")
    unforeseen = _finished(jobs, jobs.start("x", USER.id, uuid.UUID, "secret"))
    assert unforeseen.state is JobState.FAILED
    assert "secret" not in str(unforeseen.error)


def test_a_job_is_its_starters_alone(jobs: Jobs) -> None:
    job = jobs.start("x", USER.id, uuid.UUID, str(RESULT))
    with pytest.raises(UnknownJob):
        jobs.get(job.id, User(uuid.uuid4(), "eve@example.com", "Eve", None))
    assert jobs.get(job.id, User(uuid.uuid4(), "mo@example.com", "Mo", Role.MANAGER)).id == job.id


def test_only_so_many_wait(jobs: Jobs) -> None:
    for _ in range(MOST_WAITING):
        jobs.start("x", USER.id, time.sleep, 600)  # type: ignore[arg-type]  # it never returns
    with pytest.raises(TooManyJobs):
        jobs.start("x", USER.id, uuid.UUID, str(RESULT))


def test_a_killed_worker_fails_its_job_and_the_next_one_works(jobs: Jobs) -> None:
    job = jobs.start("x", USER.id, time.sleep, 600)  # type: ignore[arg-type]  # it never returns
    until(_workers)
    _workers()[0].kill()
    assert _finished(jobs, job).state is JobState.FAILED
    assert _finished(jobs, jobs.start("x", USER.id, uuid.UUID, str(RESULT))).state is JobState.DONE


def test_closing_ends_the_work() -> None:
    jobs = Jobs()
    job = jobs.start("x", USER.id, time.sleep, 600)  # type: ignore[arg-type]  # it never returns
    until(_workers)
    [worker] = _workers()
    jobs.close()
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
    assert _finished(jobs, job).state is JobState.FAILED


_STARTER = """
import sys, time, uuid
from kino_api.jobs import Jobs
if __name__ == "__main__":
    Jobs().start("x", uuid.uuid4(), time.sleep, 600)
    print("started", flush=True)
    time.sleep(600)
"""


def test_the_worker_ends_when_its_web_process_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "starter.py"
    script.write_text(_STARTER)
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment) as web:
        assert web.stdout is not None
        web.stdout.readline()
        watched = psutil.Process(web.pid)
        # The worker watches for its parent's end only once it has begun to work.
        until(lambda: any(child.num_threads() > 1 for child in watched.children()), 60)
        children = watched.children()
        web.kill()
    until(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children))
