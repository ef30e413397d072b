"""`kino keys`: the keys that Kino made for itself, those it signs with and those it stores secrets under."""

from contextlib import closing
from dataclasses import asdict
from typing import Any

import typer

from kino_api.access_tokens import LEEWAY
from kino_api.keys import rotate_keys
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table, say
from kino_cli.secret_keys import rotate_secrets
from kino_core.audit import record
from kino_core.database import Database, query
from kino_core.settings import Settings

app = typer.Typer(no_args_is_help=True)

_LOCK = 0x6B65_7973
"""Key of the advisory lock under which one process at a time rotates."""


@app.callback()
def keys() -> None:
    """Replace the keys that Kino made for itself."""


@app.command("rotate")
def rotate(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Sign access tokens with a new key, and bring every stored secret under a new one.

    Access tokens of the old key are good until they expire, and running processes take the new keys within seconds.
    The files must reach every machine that runs Kino. Run it again if it was interrupted, and back the key ring up.
    """
    settings = settings_of(home)
    signing = _rotate_signing_key(settings)
    secrets = rotate_secrets(settings)
    if as_json:
        print_json({**signing, "secrets": asdict(secrets)})
        return
    say(f"Access tokens are signed with {signing['kid']} from now on.")
    print_table(("Old key", "Good until"), [(each["kid"], each["good_until"]) for each in signing["retired"]])
    say(f"{secrets.resealed} stored secrets are under the key {secrets.key_id} now. Back the key ring up.")


def _rotate_signing_key(settings: Settings) -> dict[str, Any]:
    with closing(Database(settings.database_url, pool_max=1)) as database, database.write() as session:
        query(session, "SELECT pg_advisory_xact_lock(:key)", key=_LOCK)
        made = rotate_keys(settings.jwt_private_key_file, settings.jwt_access_expiry + LEEWAY)
        record(session, "KEYS_ROTATED", "signing_key", made.signing.kid)
    retired = [{"kid": kid, "good_until": key.good_until} for kid, key in made.retired.items()]
    return {"kid": made.signing.kid, "retired": retired}
