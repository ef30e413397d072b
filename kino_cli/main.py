"""The `kino` command: which verbs there are, and what an error looks like from outside.

Each verb lives in a module of its own, imported when the verb is used: `kino status` must not wait for Dagster.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

from kino_core.errors import Category, KinoError

WRONG_USAGE = 2
WRONG_CONFIGURATION = 78
INTERRUPTED = 130


@dataclass(frozen=True)
class Verb:
    """A verb, the module that holds it (as `command` or `app`), and what `kino --help` says of it."""

    module: str
    help: str


VERBS = {
    "up": Verb("up", "Start everything: databases, web, worker, refresher, Dagster."),
    "down": Verb("down", "Stop everything that `kino up` started."),
    "status": Verb("status", "Show what runs, and where."),
    "doctor": Verb("doctor", "Check this machine and this Kino, and say how to mend what is wrong."),
    "serve": Verb("serve", "Run one process alone."),
    "migrate": Verb("migrate", "Bring the tables in PostgreSQL up to date."),
    "admin": Verb("admin", "Create administrators, let people in again, list users."),
    "keys": Verb("keys", "Replace the keys that Kino made for itself."),
    "project": Verb("project", "Create and list projects."),
    "user": Verb("user", "Export or erase everything about a person."),
    "token": Verb("token", "Create, list, rotate and revoke agent tokens."),
    "backfill": Verb("backfill", "Bring history in."),
    "simulate": Verb("simulate", "Make up a portfolio, for trials and benchmarks."),
    "demo": Verb("sample", "Add a sample portfolio to look around in, and remove it again."),
    "dlq": Verb("dlq", "See and handle events that could not be folded."),
    "events": Verb("events", "Watch events come in."),
    "audit": Verb("audit", "Check that nobody changed the audit."),
    "refresh": Verb("refresh", "Bring the lake up to date now."),
    "warehouse": Verb("warehouse", "Check the lake against a recomputation of everything."),
    "metrics": Verb("metrics", "Show numbers, and the events behind them."),
    "report": Verb("report", "Make a report."),
}


def kino(arguments: Sequence[str]) -> typer.Typer:
    """Return the command with every verb named and only the one in `arguments` imported."""
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="One true picture of small human teams and the AI agents that work beside them.",
    )
    wanted = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, verb in VERBS.items():
        module: Any = importlib.import_module(f"kino_cli.{verb.module}") if name == wanted else None
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, help=verb.help)
        else:
            app.command(name, help=verb.help)(module.command if module else _only_named)
    return app


def _only_named() -> None:
    """Stand in `kino --help` for the verbs that are not used."""


def main() -> None:
    """Run the command; every foreseen error becomes one sentence on stderr and an exit code."""
    try:
        kino(sys.argv[1:])(prog_name="kino")
    except KinoError as error:
        print(error.message, file=sys.stderr)
        sys.exit(_exit_code(error))
    except BrokenPipeError:
        # The reader of our output has left, as `head` does; that is no failure of ours to report.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _exit_code(error: KinoError) -> int:
    if error.code == "WRONG_SETTINGS":
        return WRONG_CONFIGURATION
    return WRONG_USAGE if error.category is Category.VALIDATION else 1
