"""`kino demo`: a sample portfolio for looking around, and away with it."""

import secrets
from contextlib import closing
from datetime import UTC, datetime, timedelta

import typer

from kino_cli.made_up import add_portfolio, open_database, remove_portfolio
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, say
from kino_cli.simulate import show_added
from kino_core.database import query
from kino_core.errors import Conflict
from kino_ingest.simulation import Plan, beginning_of_names

LABEL = "Sample"
INITIATIVE = "Sample portfolio"
PROJECTS, DAYS, AGENTS, EVENTS, SEED = 6, 120, 8, 12_000, 7


class SampleThere(Conflict):
    """The sample portfolio was added before."""

    code = "SAMPLE_THERE"


app = typer.Typer(no_args_is_help=True, help="Add a sample portfolio to look around in, and remove it again.")


@app.command("add")
def add(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Add the sample portfolio: made-up projects of the last months, in an initiative of their own."""
    plan = Plan(
        projects=PROJECTS,
        days=DAYS,
        agents=AGENTS,
        events=EVENTS,
        seed=SEED,
        until=datetime.now(UTC).date() - timedelta(days=1),
        label=LABEL,
        agent_label=LABEL.lower(),
        # Ids of what was removed are not used again: a sample that is added anew has others.
        salt=secrets.token_hex(8),
    )
    with closing(open_database(settings_of(home))) as database:
        with database.read() as session:
            if query(
                session,
                "SELECT FROM kino.project WHERE deleted_at IS NULL AND sample AND starts_with(name, :beginning)",
                beginning=beginning_of_names(LABEL),
            ):
                raise SampleThere("The sample portfolio is there. `kino demo remove` takes it away.")
        added = add_portfolio(database, plan, INITIATIVE)
    show_added(added, plan, as_json)
    say("`kino demo remove` takes it away again.")


@app.command("remove")
def remove(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Remove everything that is made up: the sample portfolio, and what `kino simulate` made."""
    with closing(open_database(settings_of(home))) as database:
        removed = remove_portfolio(database, INITIATIVE)
    if as_json:
        print_json({"removed": removed})
    else:
        say(f"{removed} made-up projects are removed." if removed else "There is nothing made up here.")
