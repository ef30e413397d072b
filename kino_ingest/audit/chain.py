"""What a seal is: the hash of the one before and of an entry's canonical JSON; and the key that signs some of them."""

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kino_core.errors import KinoError
from kino_core.events import canonical_json
from kino_core.settings import kept_secret

BEGINNING = b"\0" * 32
"""What stands before the first entry."""
_NOTHING = b"\0" * 32
COLUMNS = (
    "id",
    "occurred_at",
    "actor_type",
    "actor_id",
    "action",
    "entity_type",
    "entity_id",
    "project_id",
    "before",
    "after",
    "details",
    "request_id",
)
"""What is sealed of an entry: all of it but the number of its transaction, which another server counts anew."""


class UnusableAuditKey(KinoError):
    """The key that signs the audit cannot be read."""

    code = "UNUSABLE_AUDIT_KEY"


@dataclass(frozen=True)
class AuditKey:
    """The Ed25519 key that signs anchors, cuts and redactions."""

    private: Ed25519PrivateKey

    @cached_property
    def id(self) -> str:
        """What signatures name it by."""
        return hashlib.sha256(self.private.public_key().public_bytes_raw()).hexdigest()[:16]

    def sign(self, facts: Mapping[str, Any]) -> bytes:
        """Return the signature of `facts`, JSON values, whatever their order."""
        return self.private.sign(canonical_json(dict(facts)))

    def signed(self, facts: Mapping[str, Any], signature: bytes) -> bool:
        """Return whether this key signed `facts`."""
        try:
            self.private.public_key().verify(signature, canonical_json(dict(facts)))
        except InvalidSignature:
            return False
        return True


def load_audit_key(secrets_path: Path) -> AuditKey:
    """Return the key under `secrets_path`, made at first use; raises UnusableAuditKey."""
    path = secrets_path / "audit_key"
    try:
        return AuditKey(Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(kept_secret(path) + "=")))
    except (OSError, ValueError) as error:
        raise UnusableAuditKey(f"{path} cannot be used: {error}. Restore it from your backup.") from error


def link(before: bytes, entry: Mapping[Any, Any]) -> bytes:
    """Return the hash that seals `entry` (COLUMNS, the jsonb ones as PostgreSQL's text) behind the hash `before`.

    An entry that was gone before it could be sealed has only its id and time.
    """
    sealed = {name: _plain(entry[name]) for name in (COLUMNS if entry["action"] is not None else COLUMNS[:2])}
    return hashlib.sha256(before + canonical_json(sealed)).digest()


def digest(entry: Mapping[Any, Any]) -> bytes:
    """Return the hash of an entry (COLUMNS) by itself, as `kino.audit_digest` of the migrations makes it too."""
    values = (_plain(entry[name]) for name in COLUMNS)
    parts = (_NOTHING if value is None else hashlib.sha256(str(value).encode()).digest() for value in values)
    return hashlib.sha256(b"".join(parts)).digest()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value if value is None or isinstance(value, int) else str(value)
