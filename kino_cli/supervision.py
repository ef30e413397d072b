"""Starting supervisord, talking to it, stopping it, and clearing up after one that was killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport

from kino_cli.homes import socket_path
from kino_cli.launch import launched
from kino_core.errors import KinoError

GROUP = "kino"
"""The supervisor's group of everything but the servers: stopped at once and first."""

PATIENCE_SECONDS = 120
"""How long a clean stop of everything may take before it counts as failed."""


class DidNotStart(KinoError):
    """Something needed for the start does not come up."""

    code = "DID_NOT_START"


class DidNotStop(KinoError):
    """Processes that were asked to stop go on."""

    code = "DID_NOT_STOP"


class Supervisor:
    """The supervisor of one home, reached through its private socket."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def is_alive(self) -> bool:
        """Tell whether it answers."""
        try:
            self._call("supervisor.getState")
        except (OSError, HTTPException):
            return False
        return True

    def processes(self) -> list[dict[str, object]]:
        """Return name, pid (None while not running), state and restarts of every process; [] when nothing runs."""
        try:
            found = self._call("supervisor.getAllProcessInfo")
            restarts = self._call("kino.restarts")
        except (OSError, HTTPException, Fault):
            # Gone, or stopping: it tells of its processes no more.
            return []
        return [
            {
                "name": process["name"],
                "pid": process["pid"] or None,
                "state": process["statename"],
                "restarts": max(0, restarts.get(process["name"], 0)),
            }
            for process in found
        ]

    def start(self, names: Iterable[str]) -> None:
        """Start these processes, without waiting until they run."""
        for name in names:
            self._call("supervisor.startProcess", f"{GROUP}:{name}", False)

    def stop(self) -> None:
        """Ask it to stop everything and itself; returns at once."""
        try:
            self._call("supervisor.shutdown")
        except (OSError, HTTPException, Fault):
            # Gone, or already stopping: what was asked for.
            return

    def _call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401  XML-RPC answers anything
        transport = SupervisorTransport(None, None, f"unix://{socket_path(self._home)}")
        with ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            return getattr(proxy, method)(*arguments)


def start_supervisor(
    configuration: Path, environment: dict[str, str], lock: int, *, dies_with_us: bool
) -> subprocess.Popen[bytes]:
    """Start supervisord in a session of its own, so that Ctrl-C reaches us alone; it inherits the home's lock."""
    supervisord = (sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(configuration))
    log = configuration.parent.parent / "logs" / "supervisord.err"
    with log.open("wb") as errors:
        return subprocess.Popen(
            launched(supervisord) if dies_with_us else supervisord,
            env=os.environ | environment,
            pass_fds=[lock],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
        )


def wait_until(condition: Callable[[], bool], seconds: float, *, pause: float = 0.05) -> bool:
    """Return True as soon as `condition` holds, False when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def clear_leftovers(home: Path) -> None:
    """End what a killed supervisor left running in `home`; raises DidNotStop when something resists.

    On Linux the children end with the supervisor, so there is mostly nothing; the children of children, and other
    systems, need this.
    """
    leftovers = _leftovers(home)
    for process in leftovers:
        _send(process, None)
    _, alive = psutil.wait_procs(leftovers, timeout=20)
    for process in alive:
        _send(process, signal.SIGKILL)
    _, alive = psutil.wait_procs(alive, timeout=10)
    if alive:
        raise DidNotStop(f"Processes of an earlier start do not end: {', '.join(str(p.pid) for p in alive)}.")


def _leftovers(home: Path) -> list[psutil.Process]:
    marked = [process for process in psutil.process_iter() if _belongs_to(process, home)]
    postmaster = _postmaster(home)
    return [*marked, *([postmaster] if postmaster else [])]


def _belongs_to(process: psutil.Process, home: Path) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get("KINO_SUPERVISED") == str(home)
    except (psutil.Error, OSError):
        return False


def _postmaster(home: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(int((home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0]))
        # The file may be old and its number taken by a stranger: only one that stands in our data folder is ours.
        ours = process.name() == "postgres" and Path(process.cwd()).samefile(home / "postgres")
    except (OSError, ValueError, psutil.Error):
        return None
    return process if ours else None


def _send(process: psutil.Process, forced: signal.Signals | None) -> None:
    try:
        # PostgreSQL takes SIGTERM for "when the last session has ended", which may be never.
        polite = signal.SIGINT if process.name() == "postgres" else signal.SIGTERM
        process.send_signal(forced or polite)
    except psutil.NoSuchProcess:
        return
