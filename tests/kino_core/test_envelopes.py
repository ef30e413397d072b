"""Sealed secrets: bound to their row, opened by their key alone, and brought under a new key whatever dies."""

import uuid
from pathlib import Path

import pytest

from kino_core.database import Database, query
from kino_core.envelopes import KeyRing, UnreadableSecret, UnusableKeyRing, is_sealed, key_of
from kino_core.sealed_secrets import WEBHOOK_SECRET, SecretsLeft, rotate, seal_plain, unreadable
from kino_core.settings import Settings, settings_from

PLACE = "kino.webhook_secret.secret/1"
KEY = "bmV2ZXIgdXNlIHRoaXMga2V5IG91dHNpZGUgdGVzdHM="


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(settings_from({"KINO_HOME": str(tmp_path)}))


def _store(database: Database, secret: str, row_id: uuid.UUID | None = None) -> uuid.UUID:
    """Store a signing secret of a repository as it is."""
    row_id = row_id or uuid.uuid4()
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.repository (id, full_name) VALUES (%s, %s)", (row_id, f"example/{row_id}")
        )
        session.exec_driver_sql(
            "INSERT INTO kino.webhook_secret (id, repository_id, secret) VALUES (%s, %s, %s)", (row_id, row_id, secret)
        )
    return row_id


def _stored(database: Database) -> dict[uuid.UUID, str]:
    with database.read() as session:
        return {row.id: row.secret for row in query(session, "SELECT id, secret FROM kino.webhook_secret")}


def test_what_is_sealed_opens_where_it_was_sealed_and_nowhere_else(ring: KeyRing) -> None:
    sealed = ring.seal("whsec_ünïcode", PLACE)
    assert "whsec" not in sealed
    assert is_sealed(sealed)
    assert ring.open(sealed, PLACE) == "whsec_ünïcode"
    with pytest.raises(UnreadableSecret, match="moved from another row"):
        ring.open(sealed, PLACE + "2")


def test_sealing_twice_gives_two_envelopes(ring: KeyRing) -> None:
    assert ring.seal("same", PLACE) != ring.seal("same", PLACE)


@pytest.mark.parametrize("place", [-1, -20, 20])
def test_a_changed_envelope_does_not_open(ring: KeyRing, place: int) -> None:
    sealed = ring.seal("a secret", PLACE)
    changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + (sealed[place + 1 :] if place != -1 else "")
    with pytest.raises(UnreadableSecret):
        ring.open(changed, PLACE)


def test_a_key_of_the_same_name_with_other_bytes_does_not_open(tmp_path: Path) -> None:
    one = KeyRing(settings_from({"KINO_HOME": str(tmp_path), "SECRETS_KEY_RING": f"k1 {KEY}"}))
    two = KeyRing(settings_from({"KINO_HOME": str(tmp_path), "SECRETS_KEY_RING": f"k1 {'A' * 43}="}))
    with pytest.raises(UnreadableSecret, match="another one of the same name"):
        two.open(one.seal("a secret", PLACE), PLACE)


def test_a_key_that_is_not_in_the_ring_is_named(ring: KeyRing, tmp_path: Path) -> None:
    other = KeyRing(settings_from({"KINO_HOME": str(tmp_path / "other")}))
    sealed = other.seal("a secret", PLACE)
    with pytest.raises(UnreadableSecret, match=key_of(sealed)):
        ring.open(sealed, PLACE)


def test_the_ring_is_its_owners_alone_and_the_same_for_everybody(tmp_path: Path) -> None:
    settings = settings_from({"KINO_HOME": str(tmp_path)})
    sealed = KeyRing(settings).seal("a secret", PLACE)
    assert KeyRing(settings).open(sealed, PLACE) == "a secret"
    assert (settings.secrets_path / "key_ring").stat().st_mode & 0o777 == 0o600


def test_a_process_sees_the_key_that_another_one_added(tmp_path: Path) -> None:
    settings = settings_from({"KINO_HOME": str(tmp_path)})
    here, there = KeyRing(settings), KeyRing(settings)
    assert here.open(here.seal("old", PLACE), PLACE) == "old"
    added = there.add_key()
    assert here.open(there.seal("new", PLACE), PLACE) == "new"
    assert key_of(here.seal("newer", PLACE)) == added


@pytest.mark.parametrize("text", ["", "k1", "k1 c2hvcnQ=", f"k1 {KEY}\nk1 {KEY}", f"a b {KEY}"])
def test_a_damaged_ring_is_told_without_showing_a_key(tmp_path: Path, text: str) -> None:
    settings = settings_from({"KINO_HOME": str(tmp_path)})
    settings.secrets_path.mkdir(parents=True)
    (settings.secrets_path / "key_ring").write_text(text)
    with pytest.raises(UnusableKeyRing) as caught:
        KeyRing(settings).seal("a secret", PLACE)
    assert KEY not in caught.value.message


def test_secrets_from_before_are_readable_and_get_sealed_once(database: Database, ring: KeyRing) -> None:
    row_id = _store(database, "whsec_plain")
    assert ring.open(_stored(database)[row_id], WEBHOOK_SECRET.place(row_id)) == "whsec_plain"
    assert seal_plain(database, ring) == 1
    sealed = _stored(database)[row_id]
    assert is_sealed(sealed)
    assert seal_plain(database, ring) == 0
    assert _stored(database) == {row_id: sealed}
    assert ring.open(sealed, WEBHOOK_SECRET.place(row_id)) == "whsec_plain"


def test_rotation_brings_all_under_a_new_key_and_drops_the_one_that_was_idle_before(
    database: Database, ring: KeyRing
) -> None:
    row_ids = [_store(database, f"whsec_{number}") for number in range(3)]
    seal_plain(database, ring)
    [first] = ring.key_ids
    done = rotate(database, ring)
    assert (done.resealed, done.dropped) == (3, ())
    assert ring.key_ids == [done.key_id, first]
    assert {key_of(stored) for stored in _stored(database).values()} == {done.key_id}
    again = rotate(database, ring)
    assert (again.resealed, again.dropped) == (3, (first,))
    assert ring.key_ids == [again.key_id, done.key_id]
    opened = {ring.open(stored, WEBHOOK_SECRET.place(row_id)) for row_id, stored in _stored(database).items()}
    assert opened == {f"whsec_{number}" for number, _ in enumerate(row_ids)}


def test_a_rotation_that_died_goes_on_under_the_key_it_had_made(
    database: Database, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        _store(database, f"whsec_{number}")
    seal_plain(database, ring)
    monkeypatch.setattr("kino_core.sealed_secrets.ROWS_AT_ONCE", 2)

    def die(_number: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(database, ring, die)
    under_way = {key_of(stored) for stored in _stored(database).values()}
    assert under_way == set(ring.key_ids)
    done = rotate(database, ring)
    assert done.resealed == 3
    assert done.key_id in under_way
    assert {key_of(stored) for stored in _stored(database).values()} == {done.key_id}


def test_a_secret_that_does_not_open_is_left_and_told(database: Database, ring: KeyRing, tmp_path: Path) -> None:
    good = _store(database, "whsec_good")
    seal_plain(database, ring)
    row_id = uuid.uuid4()
    lost = KeyRing(settings_from({"KINO_HOME": str(tmp_path / "lost")}))
    _store(database, lost.seal("whsec_lost", WEBHOOK_SECRET.place(row_id)), row_id)
    moved = _store(database, _stored(database)[good])
    with pytest.raises(SecretsLeft):
        rotate(database, ring)
    with database.read() as session:
        found = list(unreadable(session, ring))
    assert len(found) == 2
    assert {str(each) in " ".join(found) for each in (row_id, moved)} == {True}
    assert str(good) not in " ".join(found)


def test_keys_of_a_setting_are_used_in_its_order_and_never_written(database: Database, settings: Settings) -> None:
    before = settings_from({"KINO_HOME": str(settings.home), "SECRETS_KEY_RING": f"k1 {KEY}"})
    after = settings_from({"KINO_HOME": str(settings.home), "SECRETS_KEY_RING": f"k2:{'A' * 43}=,k1:{KEY}"})
    _store(database, "whsec_1")
    seal_plain(database, KeyRing(before))
    done = rotate(database, KeyRing(after))
    assert (done.key_id, done.resealed) == ("k2", 1)
    assert not (settings.secrets_path / "key_ring").exists()
