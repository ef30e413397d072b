"""What supervisord does for Kino beyond its own: one log with the process named on every line, restarts counted."""

from collections import defaultdict
from logging import Formatter, LogRecord
from logging.handlers import RotatingFileHandler
from typing import Any

from supervisor import events

LONGEST_PAUSE_SECONDS = 8
LOG_BYTES = 20_000_000
LONGEST_LINE = 100_000


class Plugin:
    """The methods under `kino.` of the supervisor's XML-RPC interface."""

    def __init__(self, log: str) -> None:
        self._log = RotatingFileHandler(log, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
        self._log.setFormatter(Formatter("%(message)s"))
        self._starts: dict[str, int] = defaultdict(int)
        self._unfinished: dict[str, bytes] = defaultdict(bytes)
        events.subscribe(events.ProcessLogEvent, self._copy_output)
        events.subscribe(events.ProcessStateStartingEvent, self._count_start)
        events.subscribe(events.ProcessStateBackoffEvent, self._shorten_pause)
        events.subscribe(events.ProcessStateExitedEvent, self._note_end)

    def restarts(self) -> dict[str, int]:
        """Return how often each process was started again, by its name."""
        return {name: starts - 1 for name, starts in self._starts.items()}

    def _copy_output(self, event: Any) -> None:  # noqa: ANN401  supervisor has no types
        name = event.process.config.name
        *lines, rest = (self._unfinished[name] + event.data).split(b"\n")
        if len(rest) > LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        self._unfinished[name] = rest
        for line in lines:
            self._write(name, line.decode(errors="replace").rstrip("\r"))

    def _count_start(self, event: Any) -> None:  # noqa: ANN401  supervisor has no types
        self._starts[event.process.config.name] += 1

    def _shorten_pause(self, event: Any) -> None:  # noqa: ANN401  supervisor has no types
        # Supervisor waits a second longer after every failure, without end; what was away for an hour must be
        # back soon after its reason is gone.
        process = event.process
        process.delay -= max(0, process.backoff - LONGEST_PAUSE_SECONDS)
        process.backoff = min(process.backoff, LONGEST_PAUSE_SECONDS)
        self._write(process.config.name, f"ended too soon; another start in {process.backoff} s")

    def _note_end(self, event: Any) -> None:  # noqa: ANN401  supervisor has no types
        self._write(event.process.config.name, "ended; it is started again")

    def _write(self, name: str, line: str) -> None:
        self._log.handle(LogRecord("kino", 20, "", 0, f"{name} | {line}", None, None))


def make_plugin(supervisord: object, log: str) -> Plugin:
    """Be the factory that supervisord's configuration names."""
    return Plugin(log)
