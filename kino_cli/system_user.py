"""The system user that PostgreSQL runs as when Kino runs as root, because PostgreSQL refuses root."""

import pwd
import shutil
import subprocess

from kino_core.errors import KinoError

SYSTEM_USER = "kino"


class NoSystemUser(KinoError):
    """The system user is missing and cannot be made."""

    code = "NO_SYSTEM_USER"


def ensure_system_user() -> str:
    """Return the name of the system user, making it when it is missing; needs root."""
    if not _exists():
        _make()
    return SYSTEM_USER


def _make() -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise NoSystemUser(
            f"PostgreSQL refuses to run as root, and there is no `useradd` to make the user {SYSTEM_USER!r}. "
            f"Make that user, run Kino as another user, or set DATABASE_URL."
        )
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    done = subprocess.run([*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER], capture_output=True, text=True)
    # Another start may have made it in the meantime.
    if done.returncode != 0 and not _exists():
        raise NoSystemUser(f"The system user {SYSTEM_USER!r} could not be made: {done.stderr.strip()}")


def _exists() -> bool:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return False
    return True
