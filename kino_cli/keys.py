"""`kino keys`: the keys that Kino signs with."""

from contextlib import closing

import typer

from kino_api.access_tokens import LEEWAY
from kino_api.keys import rotate_keys
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table, say
from kino_core.audit import record
from kino_core.database import Database, query

app = typer.Typer(no_args_is_help=True)

_LOCK = 0x6B65_7973
"""Key of the advisory lock under which one process at a time rotates."""


@app.callback()
def keys() -> None:
    """Replace the keys that Kino signs with."""


@app.command("rotate")
def rotate(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Sign access tokens with a new key; those of the old one are good until they expire.

    Running processes take the new key within seconds. The file must reach every machine that runs the web process.
    """
    settings = settings_of(home)
    with closing(Database(settings.database_url, pool_max=1)) as database, database.write() as session:
        query(session, "SELECT pg_advisory_xact_lock(:key)", key=_LOCK)
        made = rotate_keys(settings.jwt_private_key_file, settings.jwt_access_expiry + LEEWAY)
        record(session, "KEYS_ROTATED", "signing_key", made.signing.kid)
    retired = [{"kid": kid, "good_until": key.good_until} for kid, key in made.retired.items()]
    if as_json:
        print_json({"kid": made.signing.kid, "retired": retired})
    else:
        say(f"Access tokens are signed with {made.signing.kid} from now on.")
        print_table(("Old key", "Good until"), [(each["kid"], each["good_until"]) for each in retired])
