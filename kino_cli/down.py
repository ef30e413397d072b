"""`kino down`: stop everything that `kino up` started."""

from kino_cli.homes import is_owned, socket_path
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, say
from kino_cli.supervision import PATIENCE_SECONDS, DidNotStop, Supervisor, clear_leftovers, wait_until
from kino_core.settings import Settings


def command(home: HomeOption = None, as_json: JsonOption = False) -> None:
    settings = settings_of(home)
    was_running = is_owned(settings)
    if was_running:
        say("Stopping …")
        stop(settings)
    clear_leftovers(settings.home)
    if as_json:
        print_json({"stopped": was_running})
    else:
        say("Stopped." if was_running else f"No Kino runs in {settings.home}.")


def stop(settings: Settings) -> None:
    """Stop the supervisor and all it supervises, databases last; returns when they are gone, else DidNotStop."""
    supervisor = Supervisor(settings.home)
    # A Kino that is just starting owns its home before its supervisor listens.
    wait_until(lambda: socket_path(settings.home).exists() or not is_owned(settings), 10)
    supervisor.stop()
    if not wait_until(lambda: not is_owned(settings), PATIENCE_SECONDS, pause=0.1):
        raise DidNotStop(f"Kino in {settings.home} did not stop within {PATIENCE_SECONDS} s. See logs/ there.")
