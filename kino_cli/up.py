"""`kino up`: start everything, say where it is, and stay until Ctrl-C, or return once it is ready."""

import signal
import sys
import threading
from types import FrameType
from typing import Annotated

import typer

from kino_cli import start
from kino_cli.log_view import follow
from kino_cli.options import HomeOption, JsonOption, PortOption
from kino_cli.output import say
from kino_cli.status import show_status, status_of
from kino_cli.supervision import DidNotStart
from kino_core.database import Database
from kino_core.errors import KinoError
from kino_core.settings import Settings, load_settings


def command(
    home: HomeOption = None,
    port: PortOption = None,
    dagster_port: Annotated[
        int | None, typer.Option(min=1, max=65535, metavar="PORT", help="Port of Dagster's pages [3000]")
    ] = None,
    no_dagster: Annotated[bool, typer.Option("--no-dagster", help="Leave Dagster's three processes out.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo portfolio into an empty home.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return once everything is ready.")] = False,
    as_json: JsonOption = False,
) -> None:
    ports = {"port": port, "dagster_port": dagster_port}
    settings = load_settings(home).model_copy(update={name: value for name, value in ports.items() if value})
    plan = start.Plan(settings, with_dagster=not no_dagster, dies_with_us=not detach)
    # SIGINT too: a shell starts background jobs with it ignored, and then Python leaves it so.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    if detach:
        _start_detached(plan, demo, as_json)
    else:
        _stay(plan, demo, as_json)


def _start_detached(plan: start.Plan, demo: bool, as_json: bool) -> None:
    running = start.start(plan, say)
    try:
        _greet(plan.settings, demo)
    except BaseException:
        start.abandon(running, plan.settings)
        raise
    show_status(status_of(plan.settings.home), as_json)


def _stay(plan: start.Plan, demo: bool, as_json: bool) -> None:
    """Run until Ctrl-C, SIGTERM, a lost terminal or `kino down`; whatever happens, nothing is left behind."""
    running = start.start(plan, say)
    ended = threading.Event()
    log = plan.settings.home / "logs" / "kino.log"
    output = sys.stderr if as_json else sys.stdout
    viewer = threading.Thread(target=follow, args=(log, log.stat().st_size, ended, output), daemon=True)
    try:
        viewer.start()
        _greet(plan.settings, demo)
        if as_json:
            show_status(status_of(plan.settings.home), as_json)
        say("Ctrl-C stops everything.")
        if running.wait() != 0:
            raise DidNotStart("The supervisor was killed. Start again with `kino up`; nothing accepted is lost.")
    except KeyboardInterrupt:
        say("Stopping …")
    finally:
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.SIG_IGN)
        start.abandon(running, plan.settings)
        ended.set()
        viewer.join(5)
    say("Stopped.")


def _greet(settings: Settings, demo: bool) -> None:
    """Say where Kino is, and how the first administrator gets in."""
    if demo:
        _load_demo(settings)
    status = status_of(settings.home)
    say("\nKino runs.")
    for name, url in status["urls"].items():
        if url:
            say(f"  {name:8} {url}")
    link = _setup_link(settings)
    if link:
        say(f"  Make the first administrator here (works once): {link}")


def _load_demo(settings: Settings) -> None:
    from kino_cli.demo import load_demo

    try:
        load_demo(settings)
    except KinoError as error:
        # A Kino without its demo is worth more than none.
        say(f"The demo could not be loaded: {error.message}")


def _setup_link(settings: Settings) -> str | None:
    from kino_api.setup import issue_setup_link

    database = Database(settings.database_url)
    try:
        with database.write() as session:
            return issue_setup_link(session, settings.api_base_url)
    finally:
        database.close()


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
