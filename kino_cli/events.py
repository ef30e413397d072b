"""`kino events`: watch events come in."""

import json
from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer

from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_core.database import Database
from kino_ingest.tail import TailedEvent, tail

app = typer.Typer(no_args_is_help=True)


@app.callback()
def events() -> None:
    """Watch events come in."""


@app.command("tail")
def follow(
    last: Annotated[int, typer.Option("--last", min=0, metavar="N", help="How many to show of what is there.")] = 10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest events, then each one as it lands, until Ctrl-C; with --json one object a line."""
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database:
        for event in tail(database, last=last):
            print(json.dumps(asdict(event), default=str) if as_json else _line(event), flush=True)


def _line(event: TailedEvent) -> str:
    where = event.repository or event.project_id or "–"
    return f"{event.received_at:%H:%M:%S}  {event.source:<7} {event.type:<20} {where}  {_printable(event.event_id)}"


def _printable(text: str) -> str:
    # What senders name their events must not steer the terminal.
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
