"""`kino warehouse`: is the lake what the log says it should be?"""

import typer

from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table, progress

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def warehouse() -> None:
    """Check the lake against a recomputation of everything."""


@app.command()
def check(home: HomeOption = None, json: JsonOption = False) -> None:
    """Recompute everything from the log and compare it with the lake, row by row; exit 1 when something differs."""
    from kino_assets.check import check_warehouse

    with progress("Recomputing everything"):
        found = check_warehouse(settings_of(home))
    if json:
        tables = [{"name": t.name, "rows": t.rows, "differences": t.differences} for t in found.tables]
        print_json({"ok": found.ok, "differences": found.differences, "tables": tables})
    else:
        print_table(["Table", "Rows", "Differences"], [(t.name, t.rows, t.differences) for t in found.tables])
        print("No difference." if found.ok else "The lake differs. Rebuild it with `kino refresh --full`.")
    if not found.ok:
        raise typer.Exit(1)
