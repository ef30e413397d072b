"""What an erasure notes of an entry of the audit that it rewrote: what the entry says now, signed with its seal."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kino_ingest.audit.chain import AuditKey, digest, link


@dataclass(frozen=True)
class Place:
    """Where an entry stands in the chain, its hash there, and the hash before; None for one that nobody sealed."""

    position: int | None
    hash: bytes | None
    before: bytes


@dataclass(frozen=True)
class Redaction:
    """One rewriting of an entry; `fits` is whether the entry was what it should have been until then."""

    audit_id: int
    erasure_id: uuid.UUID
    digest: bytes
    fits: bool

    def facts(self, place: Place) -> dict[str, Any]:
        """Return what is signed of it: bound to its place, it says nothing about any other entry."""
        return {
            "entry": self.audit_id,
            "position": place.position,
            "hash": place.hash and place.hash.hex(),
            "erasure": str(self.erasure_id),
            "digest": self.digest.hex(),
            "fits": self.fits,
        }


@dataclass(frozen=True)
class Signed:
    """A redaction and the signature that is kept with it."""

    redaction: Redaction
    key_id: str
    signature: bytes

    def is_by(self, key: AuditKey, place: Place) -> bool:
        """Return whether this Kino made it, for that place."""
        return self.key_id == key.id and key.signed(self.redaction.facts(place), self.signature)


def redactions_of(row: Mapping[Any, Any]) -> list[Signed]:
    """Return the redactions of an entry from its column `redactions`, the newest last."""
    return [
        Signed(
            Redaction(row["id"], uuid.UUID(each["erasure_id"]), bytes.fromhex(each["digest"]), each["fits"]),
            each["key_id"],
            bytes.fromhex(each["signature"]),
        )
        for each in row["redactions"] or ()
    ]


def is_as_left(entry: Mapping[Any, Any], place: Place, redactions: Sequence[Signed]) -> bool:
    """Return whether an entry is what was sealed or, where erasures rewrote it, what the last one made of it.

    An entry goes back unseen only to what Kino itself once wrote there, which is no lie.
    """
    if redactions:
        last = redactions[-1].redaction
        return last.fits and last.digest == digest(entry)
    return place.hash is not None and link(place.before, entry) == place.hash
