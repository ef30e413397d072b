"""The part of `kino keys rotate` that concerns stored secrets."""

from contextlib import closing

from kino_cli.output import progress
from kino_core.database import Database
from kino_core.envelopes import KeyRing
from kino_core.sealed_secrets import Rotation, count_secrets, rotate
from kino_core.settings import Settings


def rotate_secrets(settings: Settings) -> Rotation:
    """Bring every stored secret under a new key; raises SecretsLeft when some cannot be opened."""
    with closing(Database(settings.database_url, pool_max=1)) as database:
        with database.read() as session:
            total = count_secrets(session)
        with progress() as display:
            task = display.add_task("Sealing secrets", total=total)
            return rotate(database, KeyRing(settings), lambda number: display.advance(task, number))
