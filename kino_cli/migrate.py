"""`kino migrate`: bring the tables in PostgreSQL up to date."""

from contextlib import closing
from typing import Annotated

import typer

from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, say
from kino_core import schema, schema_changes
from kino_core.database import Database
from kino_core.envelopes import KeyRing
from kino_core.sealed_secrets import seal_plain
from kino_core.settings import Settings


def command(
    home: HomeOption = None,
    as_json: JsonOption = False,
    down: Annotated[bool, typer.Option("--down", help="Take the newest migration back, with its data.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Drop everything and begin anew.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before data is dropped.")] = False,
) -> None:
    if down and reset:
        raise typer.BadParameter("--down and --reset exclude each other.")
    settings = settings_of(home)
    url = settings.database_url
    if (down or reset) and not yes:
        typer.confirm("This drops data for good. Go on?", abort=True, err=True)
    if reset:
        schema_changes.reset(url)
    if down:
        schema_changes.step_down(url)
    else:
        migrate_all(settings)
    _show(url, as_json)


def migrate_all(settings: Settings) -> None:
    """Bring the tables up to date, and what an older version wrote into them: secrets that it did not seal."""
    schema_changes.migrate(settings.database_url)
    with closing(Database(settings.database_url, pool_max=1)) as database:
        seal_plain(database, KeyRing(settings))


def _show(url: str, as_json: bool) -> None:
    database = Database(url)
    try:
        with database.read() as session:
            revision = schema.revision(session)
    finally:
        database.close()
    if as_json:
        print_json({"revision": revision, "current": revision == schema.newest_revision()})
    else:
        say(f"The schema is at revision {revision or 'none'}.")
