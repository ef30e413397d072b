"""`kino user`: everything about a person, as a file or away."""

import sys
import uuid
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kino_api.personal_data import erase as erase_person
from kino_api.personal_data import export_file, pieces
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, progress, say
from kino_core.database import Database
from kino_core.errors import InvalidInput
from kino_core.privacy.erasures import Step, find_erasure, next_work, only_eraser
from kino_core.privacy.export import note_export
from kino_core.privacy.subjects import find_by_email, namesakes
from kino_core.settings import Settings

app = typer.Typer(no_args_is_help=True)

EmailOption = Annotated[
    str, typer.Option("--email", metavar="E", help="An address of theirs, in an account or in a history.")
]


@app.callback()
def user() -> None:
    """Export or erase everything about a person."""


@app.command("export")
def export(
    email: EmailOption,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to put it [default: stdout]")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write everything about a person as JSON."""
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database:
        with database.write() as session:
            subject = find_by_email(session, email)
            note_export(session, subject)
        with database.read() as session, progress("Reading the log"):
            file = export_file(session, subject)
    if out is None:
        for piece in pieces(file):
            sys.stdout.buffer.write(piece)
        return
    try:
        with out.open("wb") as target:
            out.chmod(0o600)
            for piece in pieces(file):
                target.write(piece)
    except OSError as error:
        raise InvalidInput(f"{out} cannot be written: {error.strerror}. Name another file.") from error
    if as_json:
        print_json({"file": out})
    else:
        say(f"Everything about {email} is in {out}.")


@app.command("erase")
def erase(
    email: EmailOption,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it is done.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a person for good: a pseudonym stays in their place, and the numbers stay the same."""
    settings = settings_of(home)
    with closing(Database(settings.database_url, pool_max=1)) as database:
        with database.read() as session:
            others = namesakes(session, find_by_email(session, email))
        if not yes:
            typer.confirm(f"This erases {email} for good, in tables, files and reports. Go on?", abort=True, err=True)
        with database.write() as session:
            asked = erase_person(session, find_by_email(session, email))
        with progress("Erasing"):
            _finish(settings, database, asked.id)
        with database.read() as session:
            done = find_erasure(session, asked.id)
    if as_json:
        print_json(asdict(done) | {"namesakes": others})
        return
    say(f"{email} is {done.pseudonym} from now on: {done.rows_changed} rows and reports were rewritten.")
    if others:
        say(f"Others bear the same name. If they are the same human, erase them too: {', '.join(others)}")


def _finish(settings: Settings, database: Database, erasure_id: uuid.UUID) -> None:
    """Do what is left of an erasure, after whatever a running Kino does of it already."""
    from kino_assets.erasure import erase_from_lake
    from kino_assets.refresher import refresh_through_dagster
    from kino_ingest.audit.chain import load_audit_key
    from kino_ingest.erasure import erase_from_log

    with only_eraser(settings.database_url, wait=True):
        with database.read() as session:
            work = next_work(session, Step.LOG, erasure_id)
        if work is not None:
            erase_from_log(settings.database_url, work, load_audit_key(settings.secrets_path))
        with database.read() as session:
            work = next_work(session, Step.LAKE, erasure_id)
        if work is not None:
            erase_from_lake(settings, work, lambda: refresh_through_dagster(settings, full=True, everything=True))
