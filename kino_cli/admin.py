"""`kino admin`: administrators, made by whoever can reach Kino's home."""

import sys
from contextlib import closing
from typing import Annotated

import typer

from kino_api.users import Role, create_user
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json
from kino_core.database import Database

app = typer.Typer(no_args_is_help=True)


@app.callback()
def admin() -> None:
    """Create administrators."""


@app.command("create")
def create(
    email: Annotated[str, typer.Option(metavar="E", help="The address to sign in with.")],
    name: Annotated[str | None, typer.Option(metavar="N", help="The name to show [default: from the address]")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create an administrator."""
    settings = settings_of(home)
    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else typer.prompt("Password (15 characters or more)", hide_input=True, confirmation_prompt=True, err=True)
    )
    with closing(Database(settings.database_url, pool_max=1)) as database, database.write() as session:
        made = create_user(session, email, name, password, Role.ADMIN)
    if as_json:
        print_json({"id": made.id, "email": made.email, "name": made.name, "role": made.role})
    else:
        print(f"Created the administrator {made.email}.")
