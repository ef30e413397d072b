"""`kino project`: create and list projects."""

from contextlib import closing
from typing import Annotated

import typer

from kino_api.projects import ProjectCard, create_project, list_projects
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table
from kino_core.database import Database

app = typer.Typer(no_args_is_help=True)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="3 to 100 letters, digits, spaces and - _ . & ' ( )")],
    initiative: Annotated[str | None, typer.Option(metavar="I", help="Its initiative, made if it is missing.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a project."""
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database, database.write() as session:
        made = create_project(session, name, initiative)
    if as_json:
        print_json({"id": made.id, "name": made.name})
    else:
        print(f"Created {made.name} ({made.id}).")


@app.command("list")
def show(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List every project."""
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database, database.read() as session:
        cards = list_projects(session)
    if as_json:
        names = ("id", "name", "initiative", "status", "repositories", "people", "agents", "commits")
        print_json({"items": [{name: getattr(card, name) for name in names} for card in cards]})
        return
    print_table(
        ("Name", "Initiative", "Commits", "People", "Agents", "Last activity", "Id"),
        [
            (card.name, card.initiative, card.commits, card.people, card.agents, _minute(card), card.id)
            for card in cards
        ],
    )


def _minute(card: ProjectCard) -> str | None:
    return f"{card.last_activity_at:%Y-%m-%d %H:%M}" if card.last_activity_at else None
