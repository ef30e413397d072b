"""`kino admin`: people who sign in, looked after by whoever can reach Kino's home."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from kino_api.account_links import LIFETIMES, PATHS, Purpose, make_link
from kino_api.lockout import forget_account
from kino_api.user_accounts import Account, Status, find_account, list_accounts
from kino_api.users import Role, create_user
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table, say
from kino_core.audit import record
from kino_core.database import Database, WriteSession

app = typer.Typer(no_args_is_help=True)

EmailOption = Annotated[str, typer.Option("--email", metavar="E", help="The address that they sign in with.")]


@app.callback()
def admin() -> None:
    """Create administrators, let people in again, list users."""


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
        made = create_user(session, email, name, password, Role.ADMIN, base_url=settings.api_base_url)
    if as_json:
        print_json({"id": made.id, "email": made.email, "name": made.name, "role": made.role})
    else:
        print(f"Created the administrator {made.email}.")


@app.command("list")
def show_all(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List everybody who may sign in."""
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database, database.read() as session:
        accounts = list_accounts(session, None)
    if as_json:
        fields = ("id", "email", "name", "role", "status", "created_at")
        print_json({"items": [{field: getattr(each, field) for field in fields} for each in accounts]})
    else:
        rows = [(each.email, each.name, each.role, each.status.lower(), len(each.memberships)) for each in accounts]
        print_table(("E-mail", "Name", "Role", "Status", "Projects"), rows)


@app.command("unlock")
def unlock(email: EmailOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Let somebody sign in again who guessed too often, from wherever."""
    with _writing(home) as session:
        account = find_account(session, email)
        forgotten = forget_account(session, account.email)
        record(session, "UNLOCKED", "user", account.id)
    if as_json:
        print_json({"email": account.email, "attempts_forgotten": forgotten})
    else:
        say(f"{account.email} may try again: {forgotten} failed attempts are forgotten.")


@app.command("reset-link")
def reset_link(email: EmailOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Print a link with which somebody chooses a password; it works once. The way without e-mail."""
    settings = settings_of(home)
    with _writing(home) as session:
        account = find_account(session, email)
        purpose = _purpose(account)
        link = make_link(session, settings.jwt_secret.get_secret_value(), account.id, purpose)
        record(session, "LINK_MADE", "user", account.id, details={"purpose": purpose.value})
    url = f"{settings.api_base_url}{PATHS[purpose]}?token={link.token}"
    if as_json:
        print_json({"email": account.email, "purpose": purpose, "url": url, "expires_at": link.expires_at})
        return
    print(url)
    hours = LIFETIMES[purpose] // timedelta(hours=1)
    until = "an hour" if hours == 1 else f"{hours} hours"
    say(f"Give it to {account.email} alone. It works once, for {until}, and is not shown again.")


def _purpose(account: Account) -> Purpose:
    return Purpose.INVITE if account.status is Status.INVITED else Purpose.RESET


@contextmanager
def _writing(home: Path | None) -> Iterator[WriteSession]:
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database, database.write() as session:
        yield session
