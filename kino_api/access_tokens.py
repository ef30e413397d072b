"""Access tokens: RS256 JWTs of a few minutes that name a session, checked strictly."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from kino_api.keys import SigningKey
from kino_core.errors import Unauthenticated

AUDIENCE = "kino"
TYPE = "at+jwt"
_CLAIMS = ["exp", "iat", "nbf", "iss", "aud", "sub", "jti", "sid"]
_HEADERS = {"alg", "kid", "typ"}


class InvalidAccessToken(Unauthenticated):
    """Not a token that this Kino issued, or one whose time is over."""

    code = "INVALID_ACCESS_TOKEN"


@dataclass(frozen=True)
class AccessClaims:
    """Whose token it is and which session it hangs on."""

    user_id: uuid.UUID
    session_id: uuid.UUID


@dataclass(frozen=True)
class AccessTokens:
    """Issues and checks access tokens of one issuer with one key."""

    key: SigningKey
    issuer: str
    lifetime: timedelta

    def issue(self, user_id: uuid.UUID, session_id: uuid.UUID) -> str:
        """Return a new token for one sign-in of a user."""
        now = datetime.now(UTC)
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "jti": uuid.uuid4().hex,
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
        }
        return jwt.encode(claims, self.key.private, algorithm="RS256", headers={"kid": self.key.kid, "typ": TYPE})

    def check(self, token: str) -> AccessClaims:
        """Return what `token` says; raises InvalidAccessToken.

        The algorithm comes from us and never from the token, and a header that could name another key is refused.
        """
        try:
            header = jwt.get_unverified_header(token)
            if set(header) != _HEADERS or header["kid"] != self.key.kid or header["typ"] != TYPE:
                raise InvalidAccessToken("The access token is not one of ours. Sign in again.")
            claims = jwt.decode(
                token,
                self.key.public,
                algorithms=["RS256"],
                audience=AUDIENCE,
                issuer=self.issuer,
                options={"require": _CLAIMS, "strict_aud": True},
            )
            return AccessClaims(uuid.UUID(claims["sub"]), uuid.UUID(claims["sid"]))
        except jwt.ExpiredSignatureError as error:
            raise InvalidAccessToken("The access token has expired. Refresh it, or sign in again.") from error
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            raise InvalidAccessToken("The access token is not valid. Sign in again.") from error
