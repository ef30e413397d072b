"""Which processes make up Kino, and how the supervisor must treat each."""

import os
import shlex
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url

import kino_cli
from kino_cli.launch import launched
from kino_cli.postgres import EmbeddedPostgres
from kino_cli.valkey import EmbeddedValkey
from kino_core.settings import Settings

PROJECT = Path(kino_cli.__file__).parent.parent
"""The checkout, or the folder into which the wheel was installed."""

SERVICES, DAGSTER, DAGSTER_CODE = "services", "dagster", "dagster-code"


@dataclass(frozen=True)
class Program:
    """One process: what runs, and how it is stopped."""

    name: str
    group: str
    command: tuple[str, ...]
    directory: Path | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 30
    priority: int = 999
    stop_whole_group: bool = field(default=True)
    """Whether the stop signal goes to the children of the process as well."""


def server_programs(postgres: EmbeddedPostgres | None, valkey: EmbeddedValkey | None) -> list[Program]:
    """Return the embedded servers; None stands for a server of one's own, which is not ours to run."""
    programs = []
    if postgres:
        # Fast shutdown, to the postmaster alone: it ends its sessions itself and then writes what is left.
        programs.append(
            Program("postgres", "postgres", postgres.command, postgres.directory, "INT", 60, 1, stop_whole_group=False)
        )
    if valkey:
        programs.append(Program("valkey", "valkey", valkey.command, stop_seconds=10, priority=2))
    return programs


def service_programs() -> list[Program]:
    """Return Kino's own processes."""
    kino = (sys.executable, "-m", "kino_cli", "serve")
    return [Program(name, SERVICES, launched([*kino, name]), priority=20) for name in ("web", "worker", "refresher")]


def dagster_programs(settings: Settings, code_port: int) -> list[Program]:
    """Return Dagster's three processes; the user interface listens on loopback only, because it knows no sign-in."""
    scripts = Path(sysconfig.get_path("scripts"))
    workspace = str(workspace_file())
    loopback = ("-h", "127.0.0.1", "-p")
    commands = {
        "dagster-code": ("dagster", "api", "grpc", "-m", "kino_assets.definitions", *loopback, str(code_port)),
        "dagster-webserver": ("dagster-webserver", *loopback, str(settings.dagster_port), "-w", workspace),
        "dagster-daemon": ("dagster-daemon", "run", "-w", workspace),
    }
    return [
        Program(
            name,
            DAGSTER_CODE if name == DAGSTER_CODE else DAGSTER,
            launched([sys.executable, str(scripts / script), *arguments]),
            priority=30,
        )
        for name, (script, *arguments) in commands.items()
    ]


def workspace_file() -> Path:
    """Return Dagster's workspace: at the root of a checkout, beside dagster.yaml in a wheel."""
    at_root = PROJECT / "workspace.yaml"
    return at_root if at_root.exists() else PROJECT / "dagster_home" / "workspace.yaml"


def environment(settings: Settings, code_port: int) -> dict[str, str]:
    """Return the variables that every process gets on top of those `kino up` was started with."""
    dagster_storage = make_url(settings.database_url).set(drivername="postgresql+psycopg2")
    # A schema of its own: Dagster and Kino both keep a table of migrations.
    dagster_storage = dagster_storage.update_query_dict({"options": "-csearch_path=dagster"})
    return {
        "KINO_HOME": str(settings.home),
        "KINO_SUPERVISED": str(settings.home),
        "PORT": str(settings.port),
        "DAGSTER_PORT": str(settings.dagster_port),
        "DAGSTER_HOME": str(settings.home / "dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "KINO_DAGSTER_POSTGRES_URL": dagster_storage.render_as_string(hide_password=False),
        "KINO_DAGSTER_CODE_PORT": str(code_port),
        "PYTHONUNBUFFERED": "1",
    }


def supervisor_configuration(home: Path, socket: Path, programs: Iterable[Program]) -> str:
    """Return the configuration file of supervisord."""
    programs = list(programs)
    groups: dict[str, list[Program]] = {}
    for program in programs:
        groups.setdefault(program.group, []).append(program)
    sections: dict[str, Mapping[str, object]] = {
        "unix_http_server": {"file": socket, "chmod": "0700"},
        "supervisord": {
            "nodaemon": "true",
            "silent": "true",
            "identifier": "kino",
            "logfile": home / "logs" / "supervisord.log",
            "logfile_maxbytes": "5MB",
            "logfile_backups": "1",
            "pidfile": home / "run" / "supervisord.pid",
            "umask": "077",
            # Without it supervisord warns about running as root, which is our user's decision and not an accident.
            **({"user": "root"} if os.geteuid() == 0 else {}),
        },
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
        "rpcinterface:kino": {
            "supervisor.rpcinterface_factory": "kino_cli.supervisor_plugin:make_plugin",
            "log": home / "logs" / "kino.log",
        },
    }
    sections |= {f"program:{program.name}": _program_section(program) for program in programs}
    sections |= {
        f"group:{name}": {"programs": ",".join(p.name for p in members), "priority": members[0].priority}
        for name, members in groups.items()
        if name not in {program.name for program in members}
    }
    return "\n".join(_section(name, values) for name, values in sections.items())


def _program_section(program: Program) -> dict[str, object]:
    return {
        "command": shlex.join(program.command),
        **({"directory": program.directory} if program.directory else {}),
        # The servers start with the supervisor, the rest when the schema is up to date.
        "autostart": str(program.group not in (SERVICES, DAGSTER, DAGSTER_CODE)).lower(),
        "autorestart": "true",
        # Never given up: the plugin keeps the pause between two attempts short.
        "startretries": 1_000_000,
        "startsecs": 1,
        "stopsignal": program.stop_signal,
        "stopwaitsecs": program.stop_seconds,
        "stopasgroup": str(program.stop_whole_group).lower(),
        "killasgroup": "true",
        "priority": program.priority,
        "redirect_stderr": "true",
        "stdout_logfile": "NONE",
        "stdout_events_enabled": "true",
    }


def _section(name: str, values: Mapping[str, object]) -> str:
    lines = [f"{key}={str(value).replace('%', '%%')}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])
