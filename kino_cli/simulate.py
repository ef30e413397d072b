"""`kino simulate`: a portfolio that nobody works in, for trials and benchmarks."""

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from kino_cli.made_up import Added, add_portfolio, open_database
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table, say
from kino_core.errors import InvalidInput
from kino_ingest.simulation import Plan


def command(
    projects: Annotated[int, typer.Option(metavar="N", help="How many projects.")] = 5,
    days: Annotated[int, typer.Option(metavar="D", help="How many days of work.")] = 90,
    agents: Annotated[int, typer.Option(metavar="A", help="How many agents.")] = 8,
    events: Annotated[int, typer.Option(metavar="N", help="How many different events.")] = 10_000,
    seed: Annotated[int, typer.Option(metavar="S", help="Another seed is another portfolio.")] = 1,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The last day [default: yesterday]"),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make up a portfolio and land its events as if they had come in through the doors.

    The same options and the same last day give the same events, byte for byte: a second run finds only duplicates. A
    few events come late, and one of a hundred comes twice, as in life. `kino demo remove` takes it away again.
    """
    today = datetime.now(UTC).date()
    last = until.date() if until else today - timedelta(days=1)
    if last > today:
        raise InvalidInput("The last day of a simulation is today at the latest.", field="until")
    plan = Plan(projects=projects, days=days, agents=agents, events=events, seed=seed, until=last)
    with closing(open_database(settings_of(home))) as database:
        added = add_portfolio(database, plan)
    show_added(added, plan, as_json)


def show_added(added: Added, plan: Plan, as_json: bool) -> None:
    """Tell what came in."""
    if as_json:
        print_json({**asdict(added.landed), "projects": added.projects, "until": plan.until})
        return
    print_table(list(asdict(added.landed)), [list(asdict(added.landed).values())])
    say(f"{len(added.projects)} made-up projects, whose names begin with “{plan.beginning.strip()}”.")
