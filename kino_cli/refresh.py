"""`kino refresh`: bring the lake up to date now."""

from typing import Annotated

import typer

from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, progress


def command(
    home: HomeOption = None,
    json: JsonOption = False,
    full: Annotated[bool, typer.Option("--full", help="Rebuild every table from the first event on.")] = False,
) -> None:
    """Bring the lake up to date, in this process, with everything acknowledged before it began."""
    from kino_assets.refresher import refresh_through_dagster

    with progress("Refreshing the lake"):
        done = refresh_through_dagster(settings_of(home), full=full, everything=True)
    if json:
        print_json(
            {
                "events": done.events,
                "slices": done.changes.slices,
                "seconds": round(done.seconds, 3),
                "snapshot_id": done.snapshot_id,
            }
        )
    else:
        print(
            f"{done.events} events, {done.changes.slices} slices recomputed in {done.seconds:.1f} s, "
            f"snapshot {done.snapshot_id}."
        )
