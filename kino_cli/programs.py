"""Which processes make up Kino, and how the supervisor must treat each."""

import os
import shlex
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import kino_cli
from kino_assets.dagster_environment import dagster_environment
from kino_cli.launch import launched
from kino_cli.postgres import EmbeddedPostgres
from kino_cli.supervision import GROUP
from kino_cli.valkey import EmbeddedValkey
from kino_core.settings import Settings

PROJECT = Path(kino_cli.__file__).parent.parent
"""The checkout, or the folder into which the wheel was installed."""

WEB = "web"
BACKGROUND = ("worker", "refresher")
SERVICES = (WEB, *BACKGROUND)
DAGSTER_CODE = "dagster-code"
DAGSTER_OTHERS = ("dagster-webserver", "dagster-daemon")


@dataclass(frozen=True)
class Program:
    """One process: what runs, and how it is stopped; servers start by themselves, and stop when all else has."""

    name: str
    command: tuple[str, ...]
    directory: Path | None = None
    is_server: bool = False
    stop_signal: str = "TERM"
    stop_seconds: int = 30


def server_programs(postgres: EmbeddedPostgres | None, valkey: EmbeddedValkey | None) -> list[Program]:
    """Return the embedded servers; None stands for a server of one's own, which is not ours to run."""
    programs = []
    if postgres:
        # SIGINT is its fast shutdown: it ends the sessions that are left and writes what is not written yet.
        programs.append(Program("postgres", postgres.command, postgres.directory, True, "INT", 60))
    if valkey:
        programs.append(Program("valkey", valkey.command, is_server=True, stop_seconds=10))
    return programs


def service_programs() -> list[Program]:
    """Return Kino's own processes."""
    return [Program(name, _bound([sys.executable, "-m", "kino_cli", "serve", name])) for name in SERVICES]


def dagster_programs(code_port: int) -> list[Program]:
    """Return Dagster's three processes; the user interface listens on loopback only, because it knows no sign-in."""
    scripts = Path(sysconfig.get_path("scripts"))
    code_port_options = ("-h", "127.0.0.1", "-p", str(code_port))
    commands = {
        "dagster-code": (str(scripts / "dagster"), "api", "grpc", "-m", "kino_assets.definitions", *code_port_options),
        "dagster-webserver": ("-m", "kino_cli", "serve", "dagster"),
        "dagster-daemon": (str(scripts / "dagster-daemon"), "run", "-w", str(workspace_file())),
    }
    return [Program(name, _bound([sys.executable, *arguments])) for name, arguments in commands.items()]


def _bound(command: Sequence[str]) -> tuple[str, ...]:
    # A killed supervisor can ask nobody to hurry, and a process may sit on SIGTERM until its work is done. Any of
    # these may be killed at any moment without loss, so this one is sure.
    return launched(command, death_signal="SIGKILL")


def workspace_file() -> Path:
    """Return Dagster's workspace: at the root of a checkout, beside dagster.yaml in a wheel."""
    at_root = PROJECT / "workspace.yaml"
    return at_root if at_root.exists() else PROJECT / "dagster_home" / "workspace.yaml"


def environment(settings: Settings, code_port: int) -> dict[str, str]:
    """Return the variables that every process gets on top of those `kino up` was started with."""
    return {
        "KINO_HOME": str(settings.home),
        "KINO_SUPERVISED": str(settings.home),
        "PORT": str(settings.port),
        "DAGSTER_PORT": str(settings.dagster_port),
        "KINO_DAGSTER_CODE_PORT": str(code_port),
        "PYTHONUNBUFFERED": "1",
        **dagster_environment(settings),
    }


def supervisor_configuration(home: Path, socket: Path, programs: Iterable[Program]) -> str:
    """Return the configuration file of supervisord."""
    programs = list(programs)
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
    sections |= {f"program:{program.name}": _program_section(program, rank) for rank, program in enumerate(programs)}
    others = [program.name for program in programs if not program.is_server]
    sections[f"group:{GROUP}"] = {"programs": ",".join(others), "priority": len(programs)}
    return "\n".join(_section(name, values) for name, values in sections.items())


def _program_section(program: Program, rank: int) -> dict[str, object]:
    return {
        "command": shlex.join(program.command),
        **({"directory": program.directory} if program.directory else {}),
        # The servers start with the supervisor, the rest when the schema is up to date.
        "autostart": str(program.is_server).lower(),
        "autorestart": "true",
        # Never given up: the plugin keeps the pause between two attempts short.
        "startretries": 1_000_000,
        "startsecs": 1,
        "stopsignal": program.stop_signal,
        "stopwaitsecs": program.stop_seconds,
        # PostgreSQL ends its own children in the order it needs; the others' children get the signal too.
        "stopasgroup": str(not program.is_server).lower(),
        "killasgroup": "true",
        "priority": rank,
        "redirect_stderr": "true",
        "stdout_logfile": "NONE",
        "stdout_events_enabled": "true",
    }


def _section(name: str, values: Mapping[str, object]) -> str:
    lines = [f"{key}={str(value).replace('%', '%%')}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])
