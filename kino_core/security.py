"""Secrets that travel: agent tokens, links, webhook signatures. Made here, checked here, and only hashes are kept."""

import base64
import hashlib
import hmac
import re
import secrets
import string
import uuid
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from kino_core.settings import Environment

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_CHARACTERS = 26
"""154 bits: enough that a plain SHA-256 of the token may be stored."""
CHECKSUM_CHARACTERS = 6

SIGNING_SECRET_PREFIX = "whsec_"
SIGNING_SECRET_BYTES = 32
REPLAY_WINDOW = timedelta(minutes=5)
"""How far a signed timestamp may be from now, before or after."""

MOST_SIGNATURES = 8
"""Signatures looked at in one message; a rotation needs two."""

_PREFIXES = {Environment.DEVELOPMENT: "dev", Environment.STAGING: "stg", Environment.PRODUCTION: "prod"}
_TOKEN = re.compile(r"kino_(dev|stg|prod)_([0-9A-Za-z]{26})([0-9A-Za-z]{6})", re.ASCII)
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)
_SHA256_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)


def make_agent_token(env: Environment) -> str:
    """Return a new agent token for this environment; it is shown once and stored only as its hash."""
    random = "".join(secrets.choice(BASE62) for _ in range(RANDOM_CHARACTERS))
    return f"kino_{_PREFIXES[env]}_{random}{_checksum(random)}"


def is_agent_token(text: str, env: Environment) -> bool:
    """Return whether `text` has the form and checksum of an agent token of this environment.

    It tells a typo or another environment's token from a token that may exist, without asking the database.
    """
    found = _TOKEN.fullmatch(text)
    return found is not None and found[1] == _PREFIXES[env] and _checksum(found[2]) == found[3]


def hash_secret(secret: str) -> bytes:
    """Return the SHA-256 (32 bytes) under which a random secret is stored and found again."""
    return hashlib.sha256(secret.encode()).digest()


def link_token(secret: str, link_id: uuid.UUID) -> str:
    """Return the token (256 bits) of a link in a mail: worked out from JWT_SECRET when it is needed, stored nowhere."""
    mac = hmac.digest(secret.encode(), b"kino-link\0" + link_id.bytes, hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def signed_by_github(body: bytes, signature: str, valid_secrets: Iterable[str]) -> bool:
    """Return whether `signature`, the `X-Hub-Signature-256` header, signs the raw bytes of `body` with a secret."""
    found = _SHA256_SIGNATURE.fullmatch(signature)
    return found is not None and any(
        hmac.compare_digest(found[1], hmac.new(secret.encode(), body, "sha256").hexdigest()) for secret in valid_secrets
    )


def make_signing_secret() -> str:
    """Return a new secret of the Standard Webhooks kind: `whsec_` and 32 random bytes in base64."""
    return SIGNING_SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SIGNING_SECRET_BYTES)).decode()


def standard_signature(body: bytes, message_id: str, timestamp: str, secret: str) -> str:
    """Return the `v1,…` signature of a message under the Standard Webhooks scheme; `secret` is `whsec_…`."""
    key = base64.b64decode(secret.removeprefix(SIGNING_SECRET_PREFIX))
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def signed_by_sender(
    body: bytes, message_id: str, timestamp: str, signatures: str, valid_secrets: Iterable[str], now: datetime
) -> bool:
    """Return whether one of `signatures` signs the raw bytes of `body` with one of the secrets, at a time near `now`.

    The texts are the headers `webhook-id`, `webhook-timestamp` (seconds of the epoch) and `webhook-signature`, which
    may hold several signatures, separated by spaces.
    """
    if not message_id or not _SECONDS.fullmatch(timestamp):
        return False
    if abs(now.timestamp() - int(timestamp)) > REPLAY_WINDOW.total_seconds():
        return False
    right = [standard_signature(body, message_id, timestamp, secret).encode() for secret in valid_secrets]
    # Bytes, because comparing texts refuses any that is not ASCII.
    given = [each.encode("utf-8", "surrogateescape") for each in signatures.split()[:MOST_SIGNATURES]]
    return any(hmac.compare_digest(one, other) for one in given for other in right)


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = []
    for _ in range(CHECKSUM_CHARACTERS):
        number, digit = divmod(number, 62)
        digits.append(BASE62[digit])
    return "".join(reversed(digits))
