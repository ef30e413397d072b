"""`kino token`: the credentials with which agents send events."""

import uuid
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from kino_api.projects import get_project
from kino_api.signing_secrets import drop_token_secrets, make_token_secret
from kino_api.tokens import OVERLAP, NewToken, Terms, Token, create_token, list_tokens, revoke_token, rotate_token
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table, say
from kino_core.database import Database
from kino_core.envelopes import KeyRing
from kino_core.identities import AgentType

MOST_REQUESTS = 1_000_000_000
DAY_HOURS = OVERLAP / timedelta(hours=1)
OverlapOption = Annotated[
    float, typer.Option("--overlap-hours", min=0, max=87_600, help="How long its predecessor goes on working.")
]

app = typer.Typer(no_args_is_help=True)


@app.command("create")
def create(
    project: Annotated[str, typer.Option("--project", metavar="NAME", help="The project, by name or id.")],
    agent_type: Annotated[
        AgentType | None,
        typer.Option("--agent-type", case_sensitive=False, help="What its agents are when they do not say."),
    ] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=1, max=MOST_REQUESTS, help="Requests a minute; 200 where nothing is said.")
    ] = None,
    per_hour: Annotated[
        int | None, typer.Option(min=1, max=MOST_REQUESTS, help="Requests an hour; 5,000 where nothing is said.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0, max=36_500, help="Days until it ends; never where nothing is said.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token; it is shown this once."""
    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    settings = settings_of(home)
    with closing(Database(settings.database_url, pool_max=1)) as database, database.write() as session:
        made = create_token(
            session, settings.env, get_project(session, project).id, Terms(agent_type, ends, per_minute, per_hour)
        )
    _show(made, as_json)


@app.command("list")
def show(
    project: Annotated[str, typer.Option("--project", metavar="NAME", help="The project, by name or id.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List a project's tokens, revoked ones too, the newest first."""
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database, database.read() as session:
        tokens = list_tokens(session, get_project(session, project).id)
    if as_json:
        print_json({"items": [asdict(token) for token in tokens]})
        return
    now = datetime.now(UTC)
    print_table(
        ("Id", "Ends in", "Agents", "State", "Made", "Last used"),
        [
            (
                each.id,
                each.last4,
                each.agent_type,
                _state(each, now),
                _minute(each.created_at),
                _minute(each.last_used_at),
            )
            for each in tokens
        ],
    )


def _state(token: Token, now: datetime) -> str:
    if token.revoked_at is not None and token.revoked_at <= now:
        return "revoked"
    return "ended" if token.expires_at is not None and token.expires_at <= now else "works"


def _minute(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else None


@app.command("rotate")
def rotate(
    token_id: Annotated[uuid.UUID, typer.Argument(metavar="ID", help="The token's id.")],
    overlap_hours: OverlapOption = DAY_HOURS,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token's successor on the same terms; the old one works on for the overlap."""
    settings = settings_of(home)
    overlap = timedelta(hours=overlap_hours)
    with closing(Database(settings.database_url, pool_max=1)) as database, database.write() as session:
        made = rotate_token(session, KeyRing(settings), settings.env, token_id, overlap=overlap)
    _show(made, as_json)


@app.command("secret")
def secret(
    token_id: Annotated[uuid.UUID, typer.Argument(metavar="ID", help="The token's id.")],
    overlap_hours: OverlapOption = DAY_HOURS,
    remove: Annotated[bool, typer.Option("--remove", help="Let the token be used without a signature again.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a secret with which everything sent under the token must be signed; it is shown this once."""
    settings = settings_of(home)
    with closing(Database(settings.database_url, pool_max=1)) as database, database.write() as session:
        if remove:
            drop_token_secrets(session, token_id)
            made = None
        else:
            overlap = timedelta(hours=overlap_hours)
            made = make_token_secret(session, KeyRing(settings), token_id, overlap=overlap)
    if as_json:
        print_json({"id": made.id, "secret": made.secret} if made else {"id": token_id, "signs": False})
    elif made:
        print(made.secret)
        say("Sign with it from now on. Keep it now: it is not shown again.")
    else:
        say(f"Token {token_id} needs no signature.")


@app.command("revoke")
def revoke(
    token_id: Annotated[uuid.UUID, typer.Argument(metavar="ID", help="The token's id.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token stop working, within a second."""
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database, database.write() as session:
        revoke_token(session, token_id)
    if as_json:
        print_json({"id": token_id, "revoked": True})
    else:
        say(f"Token {token_id} is revoked.")


def _show(made: NewToken, as_json: bool) -> None:
    if as_json:
        print_json({"id": made.id, "token": made.token, "project_id": made.project_id})
        return
    print(made.token)
    say(f"Token {made.id}. Keep it now: it is not shown again.")
