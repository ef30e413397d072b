"""The key that signs access tokens: RSA of 3072 bits, made at the first start and kept under the home folder."""

import hashlib
import json
import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from kino_core.errors import KinoError

KEY_BITS = 3072


class UnusableKey(KinoError):
    """JWT_PRIVATE_KEY_FILE does not hold an RSA key that is long enough."""

    code = "UNUSABLE_KEY"


@dataclass(frozen=True)
class SigningKey:
    """A private key, its public half and the id by which tokens name it."""

    kid: str
    private: RSAPrivateKey
    public: RSAPublicKey

    @property
    def jwks(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key Set."""
        return {"keys": [_public_jwk(self.public) | {"kid": self.kid, "use": "sig", "alg": "RS256"}]}


def load_signing_key(path: Path) -> SigningKey:
    """Return the key in `path` (PEM), made there (mode 0600) when the file is missing; raises UnusableKey."""
    if not path.exists():
        _make(path)
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey(f"{path} cannot be read as a private key in PEM without a passphrase: {error}") from error
    if not isinstance(private, RSAPrivateKey) or private.key_size < KEY_BITS:
        raise UnusableKey(f"{path} holds no RSA key of {KEY_BITS} bits or more. Make one, or remove the setting.")
    public = private.public_key()
    thumbprint = json.dumps(_public_jwk(public), sort_keys=True, separators=(",", ":")).encode()
    kid = urlsafe_b64encode(hashlib.sha256(thumbprint).digest()).rstrip(b"=").decode()
    return SigningKey(kid, private, public)


def _public_jwk(public: RSAPublicKey) -> dict[str, Any]:
    """Return the members of the key that its RFC 7638 thumbprint is made of."""
    made: dict[str, Any] = RSAAlgorithm.to_jwk(public, as_dict=True)
    return {name: made[name] for name in ("e", "kty", "n")}


def _make(path: Path) -> None:
    pem = generate_private_key(public_exponent=65537, key_size=KEY_BITS).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    try:
        # A link never replaces: of two processes that start together, the second takes the first one's key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
