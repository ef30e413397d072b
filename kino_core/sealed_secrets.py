"""Which columns of the database hold sealed secrets, and what is done to all of them: seal, seal anew, look."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import TableClause, Uuid, column, select, table, update

from kino_core.database import Database, ReadSession, WriteSession
from kino_core.envelopes import KeyRing, UnreadableSecret, is_sealed, key_of, place_of
from kino_core.errors import KinoError

ROWS_AT_ONCE = 200


@dataclass(frozen=True)
class SealedColumn:
    """A text column of envelopes in a table whose rows are named by the uuid `id`."""

    schema: str
    table: str
    column: str

    def place(self, row_id: uuid.UUID) -> str:
        """Return what the envelope in that row is bound to."""
        return place_of(f"{self.schema}.{self.table}", self.column, row_id)


WEBHOOK_SECRET = SealedColumn("kino", "webhook_secret", "secret")

SEALED: tuple[SealedColumn, ...] = (WEBHOOK_SECRET,)
"""Every column that holds secrets which Kino must be able to read again."""


@dataclass(frozen=True)
class Rotation:
    """What a rotation did: the key that all is under now, how many secrets it sealed anew, the keys it dropped."""

    key_id: str
    resealed: int
    dropped: tuple[str, ...]


class SecretsLeft(KinoError):
    """Some secrets cannot be opened, so they stay under the key that they name."""

    code = "SECRETS_LEFT"


def seal_plain(database: Database, ring: KeyRing) -> int:
    """Seal what an older version stored as it was, and return how many secrets that were; safe to repeat."""
    return _reseal(database, ring, lambda stored: not is_sealed(stored))


def rotate(database: Database, ring: KeyRing, on_sealed: Callable[[int], None] = lambda _: None) -> Rotation:
    """Bring every secret under a new key; raises SecretsLeft when some cannot be opened.

    A rotation that was interrupted goes on under the key that it had made. The key before stays in the ring until a
    later rotation finds it unused: some process may be sealing with it at this moment.
    """
    newest, *older = ring.key_ids
    used = _keys_in_use(database)
    idle = tuple(key_id for key_id in older if key_id not in used)
    if not ring.is_given and not used.intersection(older):
        newest = ring.add_key()
    done = _reseal(database, ring, lambda stored: not is_sealed(stored) or key_of(stored) != newest, on_sealed)
    left = _keys_in_use(database) - {newest}
    if left:
        raise SecretsLeft(f"Some secrets stay under {', '.join(sorted(left))}: `kino doctor` says why.")
    ring.drop_keys(idle)
    return Rotation(newest, done, idle)


def count_secrets(session: ReadSession) -> int:
    """Return how many secrets are stored."""
    return sum(len(_all_of(session, each)) for each in SEALED)


def unreadable(session: ReadSession, ring: KeyRing) -> Iterator[str]:
    """Yield a sentence for each stored secret that does not open, or that is not sealed."""
    for each in SEALED:
        for row_id, stored in _all_of(session, each):
            if not is_sealed(stored):
                yield f"{each.place(row_id)} is not sealed."
                continue
            try:
                ring.open(stored, each.place(row_id))
            except UnreadableSecret as error:
                yield f"{each.place(row_id)}: {error.message}"


def _keys_in_use(database: Database) -> set[str]:
    with database.read() as session:
        return {key_of(stored) for each in SEALED for _, stored in _all_of(session, each) if is_sealed(stored)}


def _reseal(
    database: Database, ring: KeyRing, wanted: Callable[[str], bool], on_sealed: Callable[[int], None] = lambda _: None
) -> int:
    done = 0
    for each in SEALED:
        with database.read() as session:
            rows = [row for row in _all_of(session, each) if wanted(row[1])]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            with database.write() as session:
                done += sum(_sealed_anew(session, ring, each, row_id, stored) for row_id, stored in some)
            on_sealed(len(some))
    return done


def _sealed_anew(session: WriteSession, ring: KeyRing, each: SealedColumn, row_id: uuid.UUID, stored: str) -> bool:
    try:
        secret = ring.open(stored, each.place(row_id))
    except UnreadableSecret:
        return False
    found = _table(each)
    # Whoever changed the secret meanwhile has sealed it under the newest key.
    unchanged = (found.c.id == row_id) & (found.c[each.column] == stored)
    change = update(found).where(unchanged).values({each.column: ring.seal(secret, each.place(row_id))})
    return bool(session.execute(change.returning(found.c.id)).all())


def _all_of(session: ReadSession, each: SealedColumn) -> list[tuple[uuid.UUID, str]]:
    found = _table(each)
    return [(row[0], row[1]) for row in session.execute(select(found.c.id, found.c[each.column]))]


def _table(each: SealedColumn) -> TableClause:
    return table(each.table, column("id", Uuid), column(each.column), schema=each.schema)
