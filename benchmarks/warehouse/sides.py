"""The two sides as processes: started, asked, ended; and the rival's environment, made where it is missing."""

import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.warehouse.channel import Json
from benchmarks.warehouse.narrowed import SWITCH

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".kino" / "benchmarks" / "rival"
REQUIREMENTS = Path(__file__).parent / "rival" / "requirements.txt"
QUIET = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
}


class Side:
    """A process that does one side's work."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process = process
        self._log = log

    def ask(self, what: str, **arguments: Any) -> Json:  # noqa: ANN401 - any JSON value
        """Have it do something and return what it tells, `seconds` and `peak_mb` included."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._log.stem} ended while it was at {what!r}:\n{self._log.read_text()[-3000:]}")
        told: Json = json.loads(line)
        return told


class Scheduled:
    """A side whose every piece of work is a process of its own, started for it as a scheduler does."""

    def __init__(self, start: Callable[[], AbstractContextManager[Side]]) -> None:
        self._start = start

    def ask(self, what: str, **arguments: Any) -> Json:  # noqa: ANN401 - any JSON value
        """Have it do something; the seconds are those of the whole process."""
        began = time.perf_counter()
        with self._start() as side:
            told = side.ask(what, **arguments)
        return told | {"seconds": time.perf_counter() - began, "cpu_seconds": told["cpu_so_far"]}


@contextmanager
def kino_side(folder: Path, url: str, *, same: bool) -> Iterator[Side]:
    """Run Kino's side; with `same` it makes what the rival makes and no more. A new process remembers no memory."""
    name = "kino-same" if same else "kino-all"
    command = [sys.executable, "-m", "benchmarks.warehouse.kino_side", str(folder / name), url]
    with _running(command, folder / f"{name}.log", {SWITCH: "1"} if same else {}) as side:
        yield side


@contextmanager
def rival_side(folder: Path, url: str, name: str = "rival-warm") -> Iterator[Side]:
    """Run the rival's side, which stays warm as long as it is asked; by its name it has a database of its own."""
    home = folder / name
    home.mkdir(exist_ok=True)
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "benchmarks.warehouse.rival.side", str(home), url]
    with _running(command, folder / f"{name}.log", QUIET | {"RIVAL_DATABASE": str(home / "rival.duckdb")}) as side:
        yield side


@contextmanager
def scheduled_rival_side(folder: Path, url: str) -> Iterator[Scheduled]:
    """Run the rival as it usually is: by the clock, each time anew."""
    yield Scheduled(lambda: rival_side(folder, url, "rival-scheduled"))


def make_environment() -> None:
    """Install what the rival runs on, unless it is there."""
    made = ENVIRONMENT / "requirements.txt"
    if made.exists() and made.read_text() == REQUIREMENTS.read_text():
        return
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    # Wheels alone: some of what dbt builds on would build itself from source otherwise.
    install = ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "-r", str(REQUIREMENTS)]
    subprocess.run([str(ENVIRONMENT / "bin" / "python"), *install], check=True, stdout=sys.stderr)
    made.write_text(REQUIREMENTS.read_text())


@contextmanager
def _running(command: list[str], log: Path, further: dict[str, str]) -> Iterator[Side]:
    environment = {name: value for name, value in os.environ.items() if name != SWITCH} | further
    with log.open("a") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
        try:
            yield Side(process, log)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(600)
