"""Refresh tokens: opaque to whoever holds them, recognisable to Kino without a database.

A token is the session's id, 256 random bits and a MAC over both. The MAC tells an old token of ours, whose return
means theft, from noise that anybody can send to end somebody's session. A token's one successor follows from it by
the same secret, so that two requests racing with one token get the same answer.
"""

import hashlib
import hmac
import secrets
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

_ID_BYTES = 16
_RANDOM_BYTES = 32
_MAC_BYTES = 32
_LENGTH = _ID_BYTES + _RANDOM_BYTES + _MAC_BYTES


@dataclass(frozen=True)
class RefreshTokens:
    """Makes and recognises the refresh tokens of one secret."""

    secret: bytes

    def first(self, session_id: uuid.UUID) -> str:
        """Return a new session's first token."""
        return self._made(session_id, secrets.token_bytes(_RANDOM_BYTES))

    def successor(self, session_id: uuid.UUID, token: str) -> str:
        """Return the one token that follows `token`; nobody without the secret can work it out."""
        return self._made(session_id, self._mac(b"successor", token.encode()))

    def session_of(self, token: str) -> uuid.UUID | None:
        """Return the session that `token` was made for, None when it is not one of ours."""
        try:
            decoded = urlsafe_b64decode(token.encode("ascii"))
        except ValueError:
            return None
        body, mac = decoded[:-_MAC_BYTES], decoded[-_MAC_BYTES:]
        # A token that decodes to the right bytes but is spelled differently would hash differently.
        ours = len(decoded) == _LENGTH and urlsafe_b64encode(decoded).decode() == token
        if not ours or not hmac.compare_digest(mac, self._mac(b"token", body)):
            return None
        return uuid.UUID(bytes=body[:_ID_BYTES])

    def _made(self, session_id: uuid.UUID, random: bytes) -> str:
        body = session_id.bytes + random
        return urlsafe_b64encode(body + self._mac(b"token", body)).decode()

    def _mac(self, purpose: bytes, text: bytes) -> bytes:
        return hmac.digest(self.secret, b"kino-refresh-" + purpose + b"\0" + text, hashlib.sha256)
