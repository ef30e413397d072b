"""The keys of access tokens: replaced while processes run, and found by them without being told."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPrivateNumbers
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from kino_api import keys
from kino_api.keys import SigningKeys, UnusableKey, load_keys, rotate_keys

GOOD_FOR = timedelta(minutes=15, seconds=30)


@pytest.fixture
def key_file(signing_key_file: Path, tmp_path: Path) -> Path:
    """A file of this test's own with the session's key in it."""
    path = tmp_path / "secrets" / "key.pem"
    path.parent.mkdir()
    path.write_bytes(signing_key_file.read_bytes())
    return path


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that are made in milliseconds; how long the real ones are is asked elsewhere."""
    make: Callable[..., object] = keys.generate_private_key
    monkeypatch.setattr(keys, "generate_private_key", lambda public_exponent, key_size: make(public_exponent, 1024))
    monkeypatch.setattr(keys, "KEY_BITS", 1024)


def test_a_new_key_signs_and_the_old_one_is_good_for_a_while(key_file: Path) -> None:
    before = load_keys(key_file)
    after = rotate_keys(key_file, GOOD_FOR)
    assert after.signing.kid != before.signing.kid
    assert after.verifying(before.signing.kid) == before.signing.public
    left = after.retired[before.signing.kid].good_until - datetime.now(UTC)
    assert GOOD_FOR - timedelta(seconds=30) < left <= GOOD_FOR
    assert [key["kid"] for key in after.jwks["keys"]] == [after.signing.kid, before.signing.kid]
    assert all(set(key) == {"kid", "kty", "n", "e", "use", "alg"} for key in after.jwks["keys"])
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert [each.name for each in key_file.parent.iterdir()] == ["key.pem"]


def test_a_retired_key_ends_and_several_may_be_good_at_once(key_file: Path) -> None:
    first = load_keys(key_file)
    second = rotate_keys(key_file, timedelta(seconds=-1))
    assert second.verifying(first.signing.kid) is None
    assert [key["kid"] for key in second.jwks["keys"]] == [second.signing.kid]
    third = rotate_keys(key_file, GOOD_FOR)
    fourth = rotate_keys(key_file, GOOD_FOR)
    assert list(fourth.retired) == [second.signing.kid, third.signing.kid]


def test_the_file_holds_no_private_half_of_a_retired_key(key_file: Path) -> None:
    rotate_keys(key_file, GOOD_FOR)
    text = key_file.read_text()
    assert (text.count("PRIVATE KEY-----"), text.count("BEGIN PUBLIC KEY")) == (2, 1)


def test_a_running_process_finds_the_new_key_by_itself(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = SigningKeys(key_file)
    before = ring.keys()
    after = rotate_keys(key_file, GOOD_FOR)
    # A token of another process that was quicker is understood at once.
    assert ring.keys(named=after.signing.kid).signing.kid == after.signing.kid
    assert ring.keys().verifying(before.signing.kid) is not None
    latest = rotate_keys(key_file, GOOD_FOR)
    monkeypatch.setattr(keys, "LOOK_SECONDS", 0.0)
    assert ring.keys().signing.kid == latest.signing.kid


@pytest.mark.parametrize("content", [b"", b"half a key", None])
def test_a_file_that_cannot_be_read_takes_nobodys_keys_away(
    key_file: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    ring = SigningKeys(key_file)
    kid = ring.keys().signing.kid
    monkeypatch.setattr(keys, "LOOK_SECONDS", 0.0)
    if content is None:
        key_file.unlink()
    else:
        key_file.write_bytes(content)
    assert ring.keys().signing.kid == kid


def test_a_file_that_cannot_be_replaced_says_so_and_stays(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_file.read_bytes()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(keys.os, "replace", refuse)
    with pytest.raises(UnusableKey, match="cannot be written"):
        rotate_keys(key_file, GOOD_FOR)
    assert key_file.read_bytes() == before
    assert [each.name for each in key_file.parent.iterdir()] == ["key.pem"]


def test_a_damaged_key_is_no_key(key_file: Path) -> None:
    """A signature made with it would tell its factors."""
    good = load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(good, RSAPrivateKey)
    its = good.private_numbers()
    numbers = RSAPrivateNumbers(its.p, its.q, its.d + 2, its.dmp1 + 2, its.dmq1, its.iqmp, its.public_numbers)
    damaged = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    key_file.write_bytes(damaged.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(UnusableKey, match="damaged"):
        load_keys(key_file)


def test_a_name_that_is_a_path_is_no_key(key_file: Path) -> None:
    ring = SigningKeys(key_file)
    for name in ("../../dev/null", "", "\0", str(key_file)):
        assert ring.keys(named=name).verifying(name) is None
