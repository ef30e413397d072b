"""`kino token`: the credentials with which agents send events."""

import uuid
from contextlib import closing
from typing import Annotated

import typer

from kino_api.projects import get_project
from kino_api.tokens import create_token, revoke_token
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, say
from kino_core.database import Database
from kino_core.identities import AgentType

app = typer.Typer(no_args_is_help=True)


@app.command("create")
def create(
    project: Annotated[str, typer.Option("--project", metavar="NAME", help="The project, by name or id.")],
    agent_type: Annotated[
        AgentType | None,
        typer.Option("--agent-type", case_sensitive=False, help="What its agents are when they do not say."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token; it is shown this once."""
    settings = settings_of(home)
    with closing(Database(settings.database_url, pool_max=1)) as database, database.write() as session:
        made = create_token(session, settings.env, get_project(session, project).id, agent_type)
    if as_json:
        print_json({"id": made.id, "token": made.token, "project_id": made.project_id})
        return
    print(made.token)
    say(f"Token {made.id}. Keep it now: it is not shown again.")


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
