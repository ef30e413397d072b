"""`kino keys`: change the keys that Kino made for itself."""

from contextlib import closing

import typer

from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, progress, say
from kino_core.database import Database
from kino_core.envelopes import KeyRing
from kino_core.sealed_secrets import count_secrets, rotate

app = typer.Typer(no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Change the keys that Kino made for itself."""


@app.command("rotate")
def rotate_keys(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Bring every stored secret under a new key; run it again if it was interrupted."""
    settings = settings_of(home)
    with closing(Database(settings.database_url, pool_max=1)) as database:
        with database.read() as session:
            total = count_secrets(session)
        with progress() as display:
            task = display.add_task("Sealing secrets", total=total)
            done = rotate(database, KeyRing(settings), lambda number: display.advance(task, number))
    if as_json:
        print_json({"key_id": done.key_id, "resealed": done.resealed, "dropped": list(done.dropped)})
    else:
        say(f"{done.resealed} secrets are under the key {done.key_id} now. Back the key ring up.")
