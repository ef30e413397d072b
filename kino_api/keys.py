"""The keys of access tokens: RSA of 3072 bits, made at the first start and kept in one file under the home folder.

The file holds the key that signs, and after it the public halves of those that signed before, each with the moment up
to which tokens of theirs are good. It is replaced as a whole, and every process looks for a new one by itself.
"""

import hashlib
import json
import os
import re
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from kino_core.errors import KinoError

KEY_BITS = 3072
LOOK_SECONDS = 1.0
"""How often a process looks whether the file was replaced."""

_RETIRED = re.compile(
    rb"Good-until: (\S+)\s+(-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----)", re.DOTALL | re.ASCII
)


class UnusableKey(KinoError):
    """JWT_PRIVATE_KEY_FILE does not hold an RSA key that is long enough."""

    code = "UNUSABLE_KEY"


@dataclass(frozen=True)
class SigningKey:
    """A private key, its public half and the id by which tokens name it."""

    kid: str
    private: RSAPrivateKey
    public: RSAPublicKey


@dataclass(frozen=True)
class RetiredKey:
    """A key that signs no more; what it signed is good up to a moment."""

    public: RSAPublicKey
    good_until: datetime


@dataclass(frozen=True)
class Keys:
    """The key that signs, and by their ids those that signed before."""

    signing: SigningKey
    retired: Mapping[str, RetiredKey] = field(default_factory=dict)

    def verifying(self, kid: str) -> RSAPublicKey | None:
        """Return the key that tokens naming `kid` must be signed with, None where there is none any more."""
        return self._good().get(kid)

    @property
    def jwks(self) -> dict[str, Any]:
        """Return the public halves as a JSON Web Key Set, the one that signs first."""
        published = self._good().items()
        return {"keys": [_public_jwk(public) | {"kid": kid, "use": "sig", "alg": "RS256"} for kid, public in published]}

    def _good(self) -> dict[str, RSAPublicKey]:
        now = datetime.now(UTC)
        old = {kid: key.public for kid, key in self.retired.items() if now < key.good_until}
        return {self.signing.kid: self.signing.public, **old}


class SigningKeys:
    """The keys in a file as they are now; shared by the threads of one process."""

    def __init__(self, path: Path) -> None:
        """Read the keys, made where the file is missing; raises UnusableKey."""
        self._path = path
        self._lock = threading.Lock()
        self._keys = load_keys(path)
        self._seen = _identity(path)
        self._looked_at = time.monotonic()

    def keys(self, *, named: str | None = None) -> Keys:
        """Return the keys; one that is `named` and not among them is looked for in the file at once."""
        with self._lock:
            now = time.monotonic()
            unknown = named is not None and self._keys.verifying(named) is None
            if unknown or now - self._looked_at >= LOOK_SECONDS:
                self._looked_at = now
                self._look()
            return self._keys

    def _look(self) -> None:
        try:
            seen = _identity(self._path)
            if seen == self._seen:
                return
            self._keys = load_keys(self._path)
            self._seen = seen
        except (OSError, UnusableKey) as error:
            # Whoever replaces the file by hand may be in the middle of it.
            structlog.get_logger(__name__).error("the key file cannot be read, so the keys stay", error=str(error))


def load_signing_key(path: Path) -> SigningKey:
    """Return the key that signs, made (mode 0600) when the file is missing; raises UnusableKey."""
    return load_keys(path).signing


def load_keys(path: Path) -> Keys:
    """Return the keys in `path` (PEM), made there (mode 0600) when the file is missing; raises UnusableKey."""
    if not path.exists():
        _make(path)
    try:
        content = path.read_bytes()
        # Proving that its factors are prime would take 0.2 s of every start, for a file that only its owner writes.
        private = serialization.load_pem_private_key(content, password=None, unsafe_skip_rsa_key_validation=True)
        retired = [(until, serialization.load_pem_public_key(pem)) for until, pem in _RETIRED.findall(content)]
        good_until = [datetime.fromisoformat(until.decode()) for until, _ in retired]
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey(f"{path} cannot be read as a private key in PEM without a passphrase: {error}") from error
    if not isinstance(private, RSAPrivateKey) or private.key_size < KEY_BITS:
        raise UnusableKey(f"{path} holds no RSA key of {KEY_BITS} bits or more. Make one, or remove the setting.")
    public = private.public_key()
    _prove(path, private)
    old = {
        key_id(each): RetiredKey(each, until)
        for until, (_, each) in zip(good_until, retired, strict=True)
        if isinstance(each, RSAPublicKey)
    }
    return Keys(SigningKey(key_id(public), private, public), old)


def _prove(path: Path, private: RSAPrivateKey) -> None:
    """Sign and verify once; raises UnusableKey for a key whose file was damaged."""
    try:
        signature = private.sign(b"", PKCS1v15(), hashes.SHA256())
        private.public_key().verify(signature, b"", PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError) as error:
        raise UnusableKey(f"{path} holds an RSA key that is damaged. Put the right file back, or remove it.") from error


def rotate_keys(path: Path, good_for: timedelta) -> Keys:
    """Replace the key that signs; the old one's tokens stay good for `good_for`. Raises UnusableKey.

    No token is signed with the new key before the file that tells of it is in place.
    """
    before = load_keys(path)
    now = datetime.now(UTC)
    old = {kid: key for kid, key in before.retired.items() if key.good_until > now}
    old[before.signing.kid] = RetiredKey(before.signing.public, now + good_for)
    pem = _new_private_key() + b"".join(_retired_pem(key) for key in old.values())
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_private(draft, pem)
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UnusableKey(f"{path} cannot be written ({error.strerror}), so the keys stay as they are.") from error
    return load_keys(path)


def key_id(public: RSAPublicKey) -> str:
    """Return the RFC 7638 thumbprint of a key."""
    thumbprint = json.dumps(_public_jwk(public), sort_keys=True, separators=(",", ":")).encode()
    return urlsafe_b64encode(hashlib.sha256(thumbprint).digest()).rstrip(b"=").decode()


def _public_jwk(public: RSAPublicKey) -> dict[str, Any]:
    """Return the members of the key that its RFC 7638 thumbprint is made of."""
    made: dict[str, Any] = RSAAlgorithm.to_jwk(public, as_dict=True)
    return {name: made[name] for name in ("e", "kty", "n")}


def _retired_pem(key: RetiredKey) -> bytes:
    public = key.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"Good-until: {key.good_until.isoformat()}\n".encode() + public


def _identity(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    _write_private(draft, _new_private_key())
    try:
        # A link never replaces: of two processes that start together, the second takes the first one's key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _new_private_key() -> bytes:
    return generate_private_key(public_exponent=65537, key_size=KEY_BITS).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
