"""Secrets at rest: AES-256-GCM envelopes, each bound to the row that it stands in, under keys of a ring.

An envelope names the key that opens it, so that a new key may come before the old one goes.
"""

import base64
import binascii
import os
import re
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kino_core.errors import KinoError, Unavailable
from kino_core.settings import Settings, kept_secret

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = "sealed1"
_LINE = re.compile(r"([0-9A-Za-z_-]{1,32})[ :]+([0-9A-Za-z_+/=-]+)")


class UnreadableSecret(Unavailable):
    """A stored secret cannot be opened: its key is not in the ring, or it is not what was sealed in that row."""

    code = "UNREADABLE_SECRET"


class UnusableKeyRing(KinoError):
    """The key ring is damaged."""

    code = "UNUSABLE_KEY_RING"


@dataclass(frozen=True)
class _Key:
    id: str
    value: bytes


class KeyRing:
    """The keys under which secrets are sealed, the newest first; for all threads of a process.

    They lie in a file under the home folder, or in the setting SECRETS_KEY_RING. Another process may add one at any
    time: the file is read again when something is sealed, and when an envelope names a key that is not known yet.
    """

    def __init__(self, settings: Settings) -> None:
        given = settings.secrets_key_ring
        self._given = given.get_secret_value() if given else None
        self._path = settings.secrets_path / "key_ring"
        self._lock = threading.Lock()
        self._keys: dict[str, _Key] = {}

    @property
    def is_given(self) -> bool:
        """Whether a setting holds the keys, which only whoever set it can change."""
        return self._given is not None

    @property
    def key_ids(self) -> list[str]:
        """The ids of all keys, the newest first, as they are at this moment; raises UnusableKeyRing."""
        return [key.id for key in self._read()]

    def seal(self, secret: str, place: str) -> str:
        """Return the envelope of `secret` under the newest key; it opens only at the same `place`."""
        key = self._read()[0]
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + AESGCM(key.value).encrypt(nonce, secret.encode(), _bound(key.id, place))
        return f"{VERSION}.{key.id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, stored: str, place: str) -> str:
        """Return the secret of an envelope, or what stands there unsealed from before; raises UnreadableSecret."""
        if not is_sealed(stored):
            return stored
        key_id = key_of(stored)
        key = self._keys.get(key_id) or next((each for each in self._read() if each.id == key_id), None)
        if key is None:
            raise UnreadableSecret(
                f"The key {key_id!r} of a stored secret is not in the key ring. Put the ring back from its backup."
            )
        try:
            sealed = base64.urlsafe_b64decode(stored.rpartition(".")[2])
            return AESGCM(key.value).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(key_id, place)).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise UnreadableSecret(
                f"A stored secret ({place}) does not open with its key {key_id!r}: it was changed, moved from another"
                " row, or the key is another one of the same name. Make the secret anew."
            ) from None

    def add_key(self) -> str:
        """Put a new key before all others and return its id; not where a setting holds the keys."""
        assert not self.is_given, "a setting cannot be written"
        made = _new_key()
        self._write([made, *self._read()])
        return made.id

    def drop_keys(self, key_ids: Iterable[str]) -> None:
        """Forget keys that nothing needs, where no setting holds them."""
        gone = set(key_ids)
        if gone and not self.is_given:
            self._write([key for key in self._read() if key.id not in gone])

    def _read(self) -> list[_Key]:
        text = self._given if self._given is not None else kept_secret(self._path, lambda: _line(_new_key()))
        keys = _parsed(text)
        with self._lock:
            self._keys = {key.id: key for key in keys}
        return keys

    def _write(self, keys: list[_Key]) -> None:
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("".join(_line(key) for key in keys))
            file.flush()
            # Nothing may be sealed under a key that a power cut takes away.
            os.fsync(file.fileno())
        draft.replace(self._path)
        _sync_folder(self._path.parent)


def is_sealed(stored: str) -> bool:
    """Return whether a stored text is an envelope."""
    return stored.startswith(f"{VERSION}.")


def key_of(stored: str) -> str:
    """Return the id of the key that an envelope names."""
    return stored.split(".", 2)[1]


def place_of(table: str, column: str, row_id: object) -> str:
    """Return what an envelope in that column of that row is bound to."""
    return f"{table}.{column}/{row_id}"


def _bound(key_id: str, place: str) -> bytes:
    return f"{VERSION}/{key_id}/{place}".encode()


def _new_key() -> _Key:
    return _Key(secrets.token_hex(4), secrets.token_bytes(KEY_BYTES))


def _line(key: _Key) -> str:
    return f"{key.id} {base64.b64encode(key.value).decode()}\n"


def _parsed(text: str) -> list[_Key]:
    keys = [_parsed_line(line.strip()) for line in re.split(r"[\n,]", text) if line.strip()]
    if not keys or len({key.id for key in keys}) != len(keys):
        raise UnusableKeyRing("The key ring holds no key, or two of one id. Put it back from its backup.")
    return keys


def _parsed_line(line: str) -> _Key:
    found = _LINE.fullmatch(line)
    try:
        value = base64.b64decode(found[2].translate({45: "+", 95: "/"}), validate=True) if found else b""
    except binascii.Error:
        value = b""
    if found is None or len(value) != KEY_BYTES:
        # The line itself may be a key: it must not be quoted.
        raise UnusableKeyRing("A line of the key ring is not `id key`, the key being 32 bytes in base64.")
    return _Key(found[1], value)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
