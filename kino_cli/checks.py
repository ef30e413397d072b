"""What `kino doctor` looks at on this machine. A check says what it found and how to mend it, and changes nothing."""

import ctypes.util
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kino_cli.homes import is_owned, read_running
from kino_cli.ports import is_free
from kino_core import schema, schema_changes
from kino_core.database import Database, DatabaseUnavailable, ReadSession, query
from kino_core.envelopes import KeyRing, UnusableKeyRing
from kino_core.sealed_secrets import count_secrets, unreadable
from kino_core.settings import NeverStarted, Settings

OLDEST_POSTGRES = 15
MOST_CLOCK_SKEW_SECONDS = 60
LEAST_FREE_SHARE = 0.15
LEAST_FREE_BYTES = 1_000_000_000
OLDEST_HEARTBEAT_SECONDS = 120


class Severity(StrEnum):
    """How bad a finding is: an error stops Kino or endangers data, a warning costs a capability."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """What one check found; `how` says how to mend it, `mend` does it where that is safe."""

    id: str
    severity: Severity
    what: str
    how: str = ""
    mend: Callable[[], None] | None = None


def check_secrets(settings: Settings) -> Iterator[Finding]:
    """Passwords and keys under the home folder are readable by their owner alone."""
    folders = [folder for folder in (settings.secrets_path, settings.run_path) if folder.exists()]
    exposed = [folder for folder in folders if stat.S_IMODE(folder.stat().st_mode) & 0o077]

    def close() -> None:
        for folder in exposed:
            folder.chmod(0o700)

    if exposed:
        what = f"Others may look into {' and '.join(str(folder) for folder in exposed)}."
        yield Finding("secrets", Severity.ERROR, what, "chmod 700 these folders, or run `kino doctor --fix`.", close)
    else:
        yield Finding("secrets", Severity.OK, "What Kino keeps secret is readable by its owner alone.")


def check_ports(settings: Settings) -> Iterator[Finding]:
    """The ports are free, or ours."""
    if is_owned(settings):
        yield Finding("ports", Severity.OK, "Kino runs here and holds its ports.")
        return
    taken = [str(port) for port in (settings.port, settings.dagster_port) if not is_free(port)]
    if taken:
        what, how = f"Something else listens on port {' and '.join(taken)}.", "Stop it, or set PORT and DAGSTER_PORT."
        yield Finding("ports", Severity.ERROR, what, how)
    else:
        yield Finding("ports", Severity.OK, f"Ports {settings.port} and {settings.dagster_port} are free.")


def check_database(settings: Settings) -> Iterator[Finding]:
    """PostgreSQL answers, is recent, keeps what it acknowledged, and has our tables and our time."""
    how = "Check DATABASE_URL and that server." if settings.own_database_url else "Run `kino up`."
    try:
        database = Database(settings.database_url, pool_max=1)
    except NeverStarted as error:
        yield Finding("database", Severity.ERROR, error.message)
        return
    try:
        with database.read() as session:
            yield from _check_server(session)
            yield _check_schema(session, settings)
            running = read_running(settings.home)
            if running and running.with_dagster and is_owned(settings):
                yield _check_heartbeat(session)
    except DatabaseUnavailable as error:
        yield Finding("database", Severity.ERROR, error.message, how)
    finally:
        database.close()


def check_folders(settings: Settings) -> Iterator[Finding]:
    """The lake and the reports can be written, and there is room for them."""
    for folder in (settings.lake_path, settings.reports_path):
        existing = _existing(folder)
        if not os.access(existing, os.W_OK | os.X_OK):
            yield Finding("folders", Severity.ERROR, f"{folder} cannot be written.", f"Mend the owner of {existing}.")
    usage = shutil.disk_usage(_existing(settings.home))
    free = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.1f} GB are free at {settings.home}."
    if usage.free < LEAST_FREE_BYTES:
        yield Finding("disk", Severity.ERROR, free, "Make room: on a full disk no event can be accepted.")
    elif usage.free < LEAST_FREE_SHARE * usage.total:
        yield Finding("disk", Severity.WARNING, free, "Make room soon.")
    else:
        yield Finding("disk", Severity.OK, free)


def check_pdf(_settings: Settings) -> Iterator[Finding]:
    """Pango is there; PDF reports need it."""
    missing = [name for name in ("pango-1.0", "pangoft2-1.0") if ctypes.util.find_library(name) is None]
    if missing:
        how = "Install the packages libpango-1.0-0 and libpangoft2-1.0-0, or with Homebrew pango."
        yield Finding("pdf", Severity.WARNING, f"No PDF reports: {' and '.join(missing)} missing.", how)
    else:
        yield Finding("pdf", Severity.OK, "Pango is installed.")


def check_fonts(_settings: Settings) -> Iterator[Finding]:
    """The fonts of reports are there; without them reports use whatever the system has, and boxes for pictures."""
    if shutil.which("fc-list") is None:
        yield Finding("fonts", Severity.WARNING, "Fonts are unknown without fontconfig.", "Install fontconfig.")
        return
    families = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True).stdout.splitlines()
    missing = [name for name in ("Inter", "Color Emoji") if not any(name in family for family in families)]
    if missing:
        how = "Install the packages fonts-inter and fonts-noto-color-emoji."
        yield Finding("fonts", Severity.WARNING, f"Reports lack a font: {' and '.join(missing)}.", how)
    else:
        yield Finding("fonts", Severity.OK, "Inter and a font for emoji are installed.")


def check_stored_secrets(settings: Settings) -> Iterator[Finding]:
    """Every secret in the database is sealed and opens with the key ring."""
    try:
        database = Database(settings.database_url, pool_max=1)
    except NeverStarted:
        return
    ring = KeyRing(settings)
    try:
        with database.read() as session:
            if not schema.is_current(session):
                return
            number, wrong = count_secrets(session), list(unreadable(session, ring))
    except DatabaseUnavailable:
        return
    except UnusableKeyRing as error:
        yield Finding("stored-secrets", Severity.ERROR, error.message)
        return
    finally:
        database.close()
    if not wrong:
        yield Finding("stored-secrets", Severity.OK, f"All {number} stored secrets open with the key ring.")
    for sentence in wrong:
        how = "Put the right key ring back, run `kino migrate`, or make the secret anew."
        yield Finding("stored-secrets", Severity.ERROR, sentence, how)


def _check_server(session: ReadSession) -> Iterator[Finding]:
    [server] = query(
        session,
        "SELECT current_setting('server_version_num')::int / 10000 AS major,"
        " current_setting('server_version') AS version,"
        " current_setting('synchronous_commit') AS durable,"
        " current_setting('fsync') AS written,"
        " extract(epoch FROM clock_timestamp())::float8 AS epoch",
    )
    skew = abs(server.epoch - time.time())
    if server.major < OLDEST_POSTGRES:
        what = f"PostgreSQL {server.version} is too old."
        yield Finding("database", Severity.ERROR, what, f"Kino needs PostgreSQL {OLDEST_POSTGRES} or newer.")
    else:
        yield Finding("database", Severity.OK, f"PostgreSQL {server.version} answers.")
    if server.durable == "off" or server.written == "off":
        what = "PostgreSQL acknowledges before data is on the disk: a crash may lose accepted events."
        yield Finding("durability", Severity.ERROR, what, "Set synchronous_commit = on and fsync = on on the server.")
    if skew > MOST_CLOCK_SKEW_SECONDS:
        what = f"The clocks of this machine and of PostgreSQL differ by {skew:.0f} s."
        yield Finding("clock", Severity.WARNING, what, "Let both follow a time server.")


def _check_schema(session: ReadSession, settings: Settings) -> Finding:
    found, newest = schema.revision(session), schema.newest_revision()
    if found == newest:
        return Finding("schema", Severity.OK, f"The tables are at revision {found}.")
    what = f"The tables are at revision {found or 'none'}; this Kino needs {newest}."
    return Finding(
        "schema", Severity.ERROR, what, "Run `kino migrate`.", lambda: schema_changes.migrate(settings.database_url)
    )


def _check_heartbeat(session: ReadSession) -> Finding:
    """Say whether Dagster's daemon, which starts schedules, showed a sign of life of late."""
    [found] = query(session, "SELECT to_regclass('dagster.daemon_heartbeats') IS NOT NULL AS known")
    seconds = None
    if found.known:
        [heartbeat] = query(
            session,
            "SELECT extract(epoch FROM (clock_timestamp() AT TIME ZONE 'UTC') - max(timestamp))::float8 AS seconds"
            " FROM dagster.daemon_heartbeats",
        )
        seconds = heartbeat.seconds
    if seconds is not None and seconds < OLDEST_HEARTBEAT_SECONDS:
        return Finding("dagster-daemon", Severity.OK, f"Dagster's daemon was alive {seconds:.0f} s ago.")
    what = "Dagster's daemon shows no sign of life, so no schedule runs."
    return Finding("dagster-daemon", Severity.WARNING, what, "Look at `kino status` and logs/kino.log.")


def _existing(path: Path) -> Path:
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())
