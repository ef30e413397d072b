"""Secrets that travel: agent tokens and webhook signatures. Made here, checked here, and only hashes are kept."""

import hashlib
import hmac
import re
import secrets
import string
import zlib

from kino_core.settings import Environment

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_CHARACTERS = 26
"""154 bits: enough that a plain SHA-256 of the token may be stored."""
CHECKSUM_CHARACTERS = 6

_PREFIXES = {Environment.DEVELOPMENT: "dev", Environment.STAGING: "stg", Environment.PRODUCTION: "prod"}
_TOKEN = re.compile(r"kino_(dev|stg|prod)_([0-9A-Za-z]{26})([0-9A-Za-z]{6})", re.ASCII)
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


def signed_by_github(body: bytes, signature: str, secret: str) -> bool:
    """Return whether `signature`, the `X-Hub-Signature-256` header, signs the raw bytes of `body` with `secret`."""
    found = _SHA256_SIGNATURE.fullmatch(signature)
    return found is not None and hmac.compare_digest(found[1], hmac.new(secret.encode(), body, "sha256").hexdigest())


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = []
    for _ in range(CHECKSUM_CHARACTERS):
        number, digit = divmod(number, 62)
        digits.append(BASE62[digit])
    return "".join(reversed(digits))
