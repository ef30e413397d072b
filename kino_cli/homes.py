"""The home folder: making it, owning it while Kino runs, and what a running Kino writes there for the other verbs."""

import fcntl
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from kino_core.errors import Conflict, KinoError
from kino_core.settings import Settings

LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel allows 107 on Linux and 103 on macOS."""


class AlreadyRunning(Conflict):
    """Another supervisor owns this home."""

    code = "ALREADY_RUNNING"


class HomeNotUsable(KinoError):
    """The home folder belongs to somebody else or cannot be written."""

    code = "HOME_NOT_USABLE"


@dataclass(frozen=True)
class Running:
    """How Kino was started: what `kino status` and the other verbs cannot know from the settings alone."""

    port: int
    dagster_port: int
    web_url: str
    with_dagster: bool


def prepare_home(settings: Settings) -> None:
    """Make the folders that Kino writes to, private to their owner; raises HomeNotUsable."""
    try:
        for folder in (settings.home, settings.run_path, settings.secrets_path, settings.home / "logs"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (settings.lake_path, settings.reports_path, settings.home / "dagster"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeNotUsable(
            f"{settings.home} cannot be written ({error.strerror}). Name another folder with --home, or mend its owner."
        ) from error


def own_home(settings: Settings) -> int:
    """Lock the home for as long as the returned file descriptor, or a copy inherited by a child, is open.

    Raises AlreadyRunning.
    """
    descriptor = os.open(settings.run_path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunning(
            f"Kino already runs in {settings.home}. Look with `kino status`, stop it with `kino down`, "
            "or name another --home."
        ) from None
    return descriptor


def is_owned(settings: Settings) -> bool:
    """Tell whether a Kino runs in this home, or starts or stops just now."""
    if not (settings.run_path / "lock").exists():
        return False
    try:
        os.close(own_home(settings))
    except AlreadyRunning:
        return True
    return False


def socket_path(home: Path) -> Path:
    """Return where the supervisor listens: under the home, or in a private folder when that path is too long."""
    path = home / "run" / "supervisor.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    pointer = home / "run" / "socket_folder"
    if not pointer.exists():
        write_private(pointer, tempfile.mkdtemp(prefix="kino-"))
    folder = Path(pointer.read_text())
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "supervisor.sock"


def write_private(path: Path, content: str) -> None:
    """Put `content` into `path` at once, readable by its owner alone."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    draft.replace(path)


def write_running(settings: Settings, running: Running) -> None:
    """Record how Kino was started."""
    write_private(settings.run_path / "running.json", json.dumps(asdict(running)))


def read_running(home: Path) -> Running | None:
    """Return how Kino was started last in `home`; None where it never was."""
    try:
        return Running(**json.loads((home / "run" / "running.json").read_text()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
