"""Access tokens: RS256 JWTs of a few minutes that name a session, checked strictly."""

import json
import uuid
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from kino_api.keys import SigningKeys
from kino_core.errors import Unauthenticated

AUDIENCE = "kino"
TYPE = "at+jwt"
LEEWAY = timedelta(seconds=30)
"""How far the clocks of our own machines may be apart."""
LONGEST_TOKEN = 4096
_CLAIMS = ["exp", "iat", "nbf", "iss", "aud", "sub", "jti", "sid", "ver"]
_HEADERS = {"alg", "kid", "typ"}


class InvalidAccessToken(Unauthenticated):
    """Not a token that this Kino issued, or one whose time is over."""

    code = "INVALID_ACCESS_TOKEN"


@dataclass(frozen=True)
class AccessClaims:
    """Whose token it is, which session it hangs on, and how often that user's tokens were all made worthless."""

    user_id: uuid.UUID
    session_id: uuid.UUID
    version: int


@dataclass(frozen=True)
class AccessTokens:
    """Issues and checks access tokens of one issuer; every key has one algorithm, RS256."""

    ring: SigningKeys
    issuer: str
    lifetime: timedelta

    def issue(self, user_id: uuid.UUID, session_id: uuid.UUID, version: int) -> str:
        """Return a new token for one sign-in of a user."""
        key = self.ring.keys().signing
        now = datetime.now(UTC)
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "ver": version,
            "jti": uuid.uuid4().hex,
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
        }
        return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid, "typ": TYPE})

    def check(self, token: str) -> AccessClaims:
        """Return what `token` says; raises InvalidAccessToken.

        The algorithm comes from us and never from the token, and a header that could name another key is refused.
        """
        try:
            if len(token) > LONGEST_TOKEN:
                raise InvalidAccessToken("The access token is longer than any of ours. Sign in again.")
            header, _ = (_strict_json(part) for part in token.split(".")[:2])
            if set(header) != _HEADERS or header["typ"] != TYPE:
                raise InvalidAccessToken("The access token is not one of ours. Sign in again.")
            public = self.ring.keys(named=header["kid"]).verifying(header["kid"])
            if public is None:
                raise InvalidAccessToken("The access token was signed with another key. Sign in again.")
            claims = jwt.decode(
                token,
                public,
                algorithms=["RS256"],
                audience=AUDIENCE,
                issuer=self.issuer,
                leeway=LEEWAY,
                options={"require": _CLAIMS, "strict_aud": True},
            )
            return AccessClaims(uuid.UUID(claims["sub"]), uuid.UUID(claims["sid"]), int(claims["ver"]))
        except jwt.ExpiredSignatureError as error:
            raise InvalidAccessToken("The access token has expired. Refresh it, or sign in again.") from error
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidAccessToken("The access token is not valid. Sign in again.") from error


def _strict_json(part: str) -> dict[str, Any]:
    """Return the object in a part of a token; raises ValueError for one that says something twice."""
    return dict(json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_once))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a member stands there twice")
    return made
