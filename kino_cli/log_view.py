"""Following the common log of all processes, and one line of it as people like to read it."""

import json
import os
import threading
from pathlib import Path
from typing import IO

from kino_core.logs import printable

SHOWN_ELSEWHERE = {"timestamp", "level", "event", "service", "version", "env", "host", "pid", "component"}


def follow(log: Path, start: int, ended: threading.Event, output: IO[str]) -> None:
    """Copy `log` from byte `start` on to `output`, readable, until `ended` and everything is copied."""
    file = log.open(encoding="utf-8", errors="replace")
    file.seek(start)
    try:
        while True:
            finishing = ended.is_set()
            for line in iter(file.readline, ""):
                output.write(readable(line))
            output.flush()
            if finishing:
                return
            if not _is_current(file, log):
                file.close()
                file = log.open(encoding="utf-8", errors="replace")
            ended.wait(0.1)
    finally:
        file.close()


def readable(line: str) -> str:
    """Return a line `name | {json}` as `name | time LEVEL event key=value …`; any other line as it is."""
    name, separator, text = line.rstrip("\n").partition(" | ")
    try:
        record = json.loads(text)
        time, level, event = record["timestamp"], record["level"], record["event"]
    except (ValueError, KeyError, TypeError):
        return f"{line.rstrip()}\n"
    stack = record.pop("exception", None)
    details = "".join(
        f" {printable(key)}={printable(str(value))}" for key, value in record.items() if key not in SHOWN_ELSEWHERE
    )
    lines = [f"{name}{separator}{time[11:19]} {level} {printable(str(event))}{details}"]
    # Set in, so that nothing in a stack can pass for a line of its own.
    lines += [f"    {printable(each)}" for each in str(stack).splitlines()] if stack else []
    return "\n".join(lines) + "\n"


def _is_current(file: IO[str], log: Path) -> bool:
    try:
        return os.fstat(file.fileno()).st_ino == log.stat().st_ino
    except FileNotFoundError:
        return True
