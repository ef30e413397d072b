"""The start of everything, step by step, and its undoing."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kino_cli import homes, postgres, programs, valkey
from kino_cli.migrate import migrate_all
from kino_cli.ports import choose_port, is_free
from kino_cli.status import listens, status_of, web_is_ready
from kino_cli.supervision import (
    PATIENCE_SECONDS,
    DidNotStart,
    Supervisor,
    clear_leftovers,
    start_supervisor,
    wait_until,
)
from kino_core.errors import Conflict
from kino_core.settings import Settings

SERVERS_SECONDS = 60
"""Recovery after an unclean stop may replay up to `max_wal_size` of log."""
WEB_SECONDS = 60
CODE_SECONDS = 40
DAGSTER_SECONDS = 90

Say = Callable[[str], None]


class PortInUse(Conflict):
    """Another program listens where Kino should."""

    code = "PORT_IN_USE"


@dataclass(frozen=True)
class Plan:
    """What to start, and whether it ends with this process."""

    settings: Settings
    with_dagster: bool
    dies_with_us: bool
    code_port: int = field(default_factory=choose_port)
    """Where Dagster's code location listens; nobody else needs to know."""


def start(plan: Plan, say: Say) -> subprocess.Popen[bytes]:
    """Start everything and return the supervisor once the web process is ready and the others run.

    Raises a KinoError, with everything stopped again, when that fails.
    """
    settings = plan.settings
    homes.prepare_home(settings)
    lock = homes.own_home(settings)
    try:
        clear_leftovers(settings.home)
        _require_ports(plan)
        supervisor = _start_servers(plan, lock, say)
    finally:
        os.close(lock)
    try:
        _start_processes(plan, say)
    except BaseException:
        abandon(supervisor, settings)
        raise
    return supervisor


def abandon(supervisor: subprocess.Popen[bytes], settings: Settings) -> None:
    """Stop everything again, databases last; returns when nothing is left."""
    Supervisor(settings.home).stop()
    try:
        # It may be so young that it does not listen yet; its own signal handler does the same.
        supervisor.terminate()
        supervisor.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()
    clear_leftovers(settings.home)


def _require_ports(plan: Plan) -> None:
    wanted = [("web", plan.settings.port, "--port")]
    if plan.with_dagster:
        wanted.append(("Dagster", plan.settings.dagster_port, "--dagster-port"))
        if plan.settings.port == plan.settings.dagster_port:
            raise PortInUse(f"Port {plan.settings.port} is named for both web and Dagster. Change one: --dagster-port.")
    for what, port, option in wanted:
        if not all(is_free(port, host) for host in ("127.0.0.1", "::1", "0.0.0.0")):
            raise PortInUse(f"Port {port} for {what} is in use. Stop what listens there, or choose another: {option}.")


def _start_servers(plan: Plan, lock: int, say: Say) -> subprocess.Popen[bytes]:
    settings = plan.settings
    own_postgres = own_valkey = None
    if settings.own_database_url is None:
        if not (settings.home / "postgres").exists():
            say("Preparing PostgreSQL …")
        own_postgres = postgres.prepare_postgres(settings.home)
        homes.write_private(settings.run_path / "database_url", own_postgres.url)
    if settings.own_redis_url is None:
        own_valkey = valkey.prepare_valkey(settings.home)
        homes.write_private(settings.run_path / "redis_url", own_valkey.url)
    supervisor = _start_supervisor(plan, lock, own_postgres, own_valkey)
    try:
        say("Starting the databases …" if own_postgres else "Waiting for the database …")
        _require(lambda: Supervisor(settings.home).is_alive(), SERVERS_SECONDS, "The supervisor", settings)
        if own_postgres:
            server = own_postgres
            _require(lambda: postgres.is_ready(server), SERVERS_SECONDS, "PostgreSQL", settings)
            postgres.ensure_database(server)
        if own_valkey:
            cache = own_valkey
            _require(lambda: valkey.is_ready(cache), SERVERS_SECONDS, "Valkey", settings)
    except BaseException:
        abandon(supervisor, settings)
        raise
    return supervisor


def _start_supervisor(
    plan: Plan, lock: int, own_postgres: postgres.EmbeddedPostgres | None, own_valkey: valkey.EmbeddedValkey | None
) -> subprocess.Popen[bytes]:
    settings = plan.settings
    wanted = [*programs.server_programs(own_postgres, own_valkey), *programs.service_programs()]
    if plan.with_dagster:
        wanted += programs.dagster_programs(plan.code_port)
    configuration = settings.run_path / "supervisord.conf"
    socket = homes.socket_path(settings.home)
    socket.unlink(missing_ok=True)
    homes.write_private(configuration, programs.supervisor_configuration(settings.home, socket, wanted))
    homes.write_running(
        settings, homes.Running(settings.port, settings.dagster_port, settings.api_base_url, plan.with_dagster)
    )
    environment = programs.environment(settings, plan.code_port)
    return start_supervisor(configuration, environment, lock, dies_with_us=plan.dies_with_us)


def _start_processes(plan: Plan, say: Say) -> None:
    settings, supervisor = plan.settings, Supervisor(plan.settings.home)
    migrate_all(settings)
    say("Starting Kino …")
    # The rest after the web process, which people wait for: what each loads keeps a core busy for seconds.
    supervisor.start([programs.WEB])
    _require(lambda: web_is_ready(settings.port), WEB_SECONDS, "The web process", settings)
    supervisor.start(programs.BACKGROUND)
    if plan.with_dagster:
        _start_dagster(plan, say)
    if not wait_until(lambda: bool(status_of(settings.home)["ready"]), DAGSTER_SECONDS, pause=0.2):
        missing = [p["name"] for p in status_of(settings.home)["processes"] if p["state"] != "RUNNING"]
        say(f"Not everything runs yet: {', '.join(missing) or 'Dagster does not answer'}. See logs/kino.log.")


def _start_dagster(plan: Plan, say: Say) -> None:
    supervisor = Supervisor(plan.settings.home)
    # The code before those that ask it, which otherwise report it as broken until they look again.
    say("Starting Dagster …")
    supervisor.start([programs.DAGSTER_CODE])
    wait_until(lambda: listens(plan.code_port), CODE_SECONDS, pause=0.2)
    supervisor.start(programs.DAGSTER_OTHERS)


def _require(condition: Callable[[], bool], seconds: float, what: str, settings: Settings) -> None:
    if not wait_until(condition, seconds, pause=0.1):
        log = settings.home / "logs" / "kino.log"
        raise DidNotStart(f"{what} does not come up within {seconds:.0f} s. {_last_words(log)}See {log}.")


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()[-5:]
    except OSError:
        return ""
    return "The last lines of the log:\n" + "\n".join(lines) + "\n"
