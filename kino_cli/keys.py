"""`kino keys`: change the keys that Kino made for itself."""

from dataclasses import asdict

import typer

from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, say
from kino_cli.secret_keys import rotate_secrets

app = typer.Typer(no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Change the keys that Kino made for itself."""


@app.command("rotate")
def rotate(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Bring every stored secret under a new key; run it again if it was interrupted."""
    done = rotate_secrets(settings_of(home))
    if as_json:
        print_json({"secrets": asdict(done)})
    else:
        say(f"{done.resealed} secrets are under the key {done.key_id} now. Back the key ring up.")
