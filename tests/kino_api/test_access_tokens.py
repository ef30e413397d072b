"""Forged access tokens, each named for what it tries; the last tests show that the honest one passes."""

import hashlib
import hmac
import json
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from kino_api.access_tokens import LEEWAY, AccessTokens, InvalidAccessToken
from kino_api.keys import SigningKeys, load_keys, rotate_keys
from kino_api.refresh_tokens import RefreshTokens

ISSUER = "https://kino.example.com"
USER, SESSION = uuid.uuid4(), uuid.uuid4()

Claims = dict[str, Any]


@dataclass(frozen=True)
class Forge:
    """What a forger has: an honest token, the public key, and, where the test says so, the private one."""

    tokens: AccessTokens
    strangers_key: RSAPrivateKey

    @property
    def key(self) -> RSAPrivateKey:
        return self.tokens.ring.keys().signing.private

    @property
    def honest(self) -> str:
        return self.tokens.issue(USER, SESSION, 1)

    @property
    def headers(self) -> dict[str, Any]:
        return {"alg": "RS256", "kid": self.tokens.ring.keys().signing.kid, "typ": "at+jwt"}

    def signed(
        self,
        *,
        claims: Mapping[str, object] | None = None,
        headers: Mapping[str, object] | None = None,
        without: str | None = None,
    ) -> str:
        """Return a token that the right key signed, honest but for what is named."""
        told = jwt.decode(self.honest, options={"verify_signature": False}) | dict(claims or {})
        told.pop(without or "", None)
        written = self.headers | dict(headers or {})
        return jwt.encode(told, self.key, written.get("alg"), written)

    def public_pem(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def raw(self, headers: str, claims: str) -> str:
        """Return a token of these very texts, signed by the right key."""
        text = f"{_part(headers.encode())}.{_part(claims.encode())}"
        return f"{text}.{_part(self.key.sign(text.encode(), PKCS1v15(), SHA256()))}"

    def honest_json(self) -> tuple[str, str]:
        return json.dumps(self.headers), json.dumps(jwt.decode(self.honest, options={"verify_signature": False}))


def _part(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _now() -> int:
    return int(time.time())


def _public_key_as_hmac_secret(forge: Forge) -> str:
    _, body, _ = forge.honest.split(".")
    # By hand, because PyJWT itself refuses to make this one.
    text = f"{_part(json.dumps(forge.headers | {'alg': 'HS256'}).encode())}.{body}"
    return f"{text}.{_part(hmac.digest(forge.public_pem(), text.encode(), hashlib.sha256))}"


def _tampered_payload(forge: Forge) -> str:
    head, _, signature = forge.honest.split(".")
    claims = jwt.decode(forge.honest, options={"verify_signature": False}) | {"sub": str(uuid.uuid4())}
    return f"{head}.{_part(json.dumps(claims).encode())}.{signature}"


def _twice(forge: Forge, *, in_header: bool) -> str:
    head, body = forge.honest_json()
    if in_header:
        return forge.raw('{"kid": "other", ' + head[1:], body)
    return forge.raw(head, f'{{"sub": "{uuid.uuid4()}", ' + body[1:])


def _swapped(forge: Forge, place: int) -> str:
    parts = forge.honest.split(".")
    parts[place] = parts[place][:-4] + "AAAA"
    return ".".join(parts)


FORGERIES: dict[str, Callable[[Forge], str]] = {
    "unsigned, algorithm none": lambda it: jwt.encode({}, "", "none", {"kid": it.headers["kid"], "typ": "at+jwt"}),
    "the public key as an HMAC secret": _public_key_as_hmac_secret,
    "another RSA algorithm": lambda it: it.signed(headers={"alg": "PS256"}),
    "a longer hash": lambda it: it.signed(headers={"alg": "RS512"}),
    "an address to fetch keys from (jku)": lambda it: it.signed(headers={"jku": "https://evil.example/jwks.json"}),
    "a key of its own (jwk)": lambda it: it.signed(headers={"jwk": {"kty": "oct", "k": "AA"}}),
    "an address of certificates (x5u)": lambda it: it.signed(headers={"x5u": "https://evil.example/key.pem"}),
    "certificates of its own (x5c)": lambda it: it.signed(headers={"x5c": ["AAAA"]}),
    "a critical extension": lambda it: it.signed(headers={"crit": ["b64"], "b64": False}),
    "a key id that is a path": lambda it: it.signed(headers={"kid": "../../../../dev/null"}),
    "a key id of nobody's": lambda it: it.signed(headers={"kid": "0" * 43}),
    "a key id that is SQL": lambda it: it.signed(headers={"kid": "' UNION SELECT 'AA' --"}),
    "a key id that is no text": lambda it: it.raw(json.dumps(it.headers | {"kid": ["a", "list"]}), it.honest_json()[1]),
    "another kind of token (JWT)": lambda it: it.signed(headers={"typ": "JWT"}),
    "an identity token": lambda it: it.signed(headers={"typ": "id+jwt"}),
    "signed by a stranger": lambda it: jwt.encode(
        jwt.decode(it.honest, options={"verify_signature": False}), it.strangers_key, "RS256", it.headers
    ),
    "another payload under an honest signature": _tampered_payload,
    "a signature that was changed": lambda it: _swapped(it, 2),
    "a signature cut off": lambda it: it.honest.rpartition(".")[0] + ".",
    "expired": lambda it: it.signed(claims={"exp": _now() - LEEWAY.total_seconds() - 5}),
    "not valid yet": lambda it: it.signed(claims={"nbf": _now() + LEEWAY.total_seconds() + 60}),
    "issued in the future": lambda it: it.signed(claims={"iat": _now() + LEEWAY.total_seconds() + 60}),
    "an end that is no time": lambda it: it.signed(claims={"exp": "never"}),
    "of another issuer": lambda it: it.signed(claims={"iss": "https://evil.example"}),
    "of another issuer beginning like ours": lambda it: it.signed(claims={"iss": f"{ISSUER}.evil.example"}),
    "for another audience": lambda it: it.signed(claims={"aud": "elsewhere"}),
    "for several audiences": lambda it: it.signed(claims={"aud": ["kino", "elsewhere"]}),
    "a session that is no id": lambda it: it.signed(claims={"sid": "1 OR 1=1"}),
    "a user that is no id": lambda it: it.signed(claims={"sub": "admin"}),
    "a version that is no number": lambda it: it.signed(claims={"ver": "all"}),
    "a claim twice": lambda it: _twice(it, in_header=False),
    "a header twice": lambda it: _twice(it, in_header=True),
    "a huge token": lambda it: it.signed(claims={"padding": "x" * 5000}),
    "a deeply nested token": lambda it: f"{_part(b'[' * 2000)}.{_part(b'[' * 500)}.AAAA",
    "a header that is no object": lambda it: f"{_part(b'[]')}.{_part(b'{}')}.AAAA",
    "four parts": lambda it: it.honest + ".AAAA",
    "an agent token": lambda it: "kino_dev_" + "0" * 32,
    "a refresh token": lambda it: RefreshTokens(b"a secret of the tests").first(SESSION),
    "letters beyond ASCII": lambda it: "é.é.é",
    "nothing": lambda it: "",
    **{
        f"no {name}": lambda it, name=name: it.signed(without=name)
        for name in ("exp", "nbf", "iat", "iss", "aud", "sub", "sid", "jti", "ver")
    },
}


@pytest.fixture(scope="module")
def forge(signing_key_file: Path) -> Forge:
    tokens = AccessTokens(SigningKeys(signing_key_file), ISSUER, timedelta(minutes=15))
    return Forge(tokens, generate_private_key(65537, 2048))


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_is_refused(forge: Forge, name: str) -> None:
    with pytest.raises(InvalidAccessToken):
        forge.tokens.check(FORGERIES[name](forge))


def test_the_honest_token_passes_and_says_whose_it_is(forge: Forge) -> None:
    claims = forge.tokens.check(forge.honest)
    assert (claims.user_id, claims.session_id, claims.version) == (USER, SESSION, 1)
    # What the forgeries are made with makes a good token where nothing is wrong.
    assert forge.tokens.check(forge.signed()) == claims
    assert forge.tokens.check(forge.raw(*forge.honest_json())) == claims


def test_clocks_may_be_half_a_minute_apart(forge: Forge) -> None:
    near = LEEWAY.total_seconds() - 10
    assert forge.tokens.check(forge.signed(claims={"exp": _now() - near}))
    assert forge.tokens.check(forge.signed(claims={"nbf": _now() + near, "iat": _now() + near}))


def test_an_old_keys_token_is_good_until_it_would_have_expired(signing_key_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(signing_key_file.read_bytes())
    tokens = AccessTokens(SigningKeys(path), ISSUER, timedelta(minutes=15))
    old = tokens.issue(USER, SESSION, 1)
    rotate_keys(path, timedelta(minutes=15) + LEEWAY)
    new = AccessTokens(SigningKeys(path), ISSUER, timedelta(minutes=15)).issue(USER, SESSION, 1)
    # This process has not looked at the file since, and understands both.
    for token in (new, old):
        assert tokens.check(token).session_id == SESSION
    [kid] = load_keys(path).retired
    text = path.read_text()
    path.write_text(text.replace(text.split("Good-until: ")[1].split("\n")[0], datetime.now(UTC).isoformat()))
    fresh = AccessTokens(SigningKeys(path), ISSUER, timedelta(minutes=15))
    assert fresh.check(new).session_id == SESSION
    with pytest.raises(InvalidAccessToken, match="another key"):
        fresh.check(old)
    assert kid not in [each["kid"] for each in fresh.ring.keys().jwks["keys"]]
