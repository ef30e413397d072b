"""Sign-in, refresh, sign-out, the first administrator, and the public keys."""

from typing import Any

from fastapi import Request
from pydantic import BaseModel

from kino_api.authentication import CurrentUser, origin_of, page_visitor, sign_out
from kino_api.cookies import REFRESH_COOKIE, give_cookies
from kino_api.cross_site import refuse_cross_site
from kino_api.fields import Email, KnownEmail, LinkSecret, Password, PersonName, RefreshToken
from kino_api.guarded_route import guarded_router
from kino_api.resources import resources_of
from kino_api.sessions import Grant, InvalidRefreshToken, refresh
from kino_api.setup import complete_setup
from kino_api.shapes import Body
from kino_api.users import User
from kino_core.errors import Unauthenticated

router = guarded_router("/auth", "sign-in")
keys_router = guarded_router("/.well-known", "sign-in")


class Credentials(Body):
    """What somebody signs in with."""

    email: KnownEmail
    password: Password


class RefreshBody(Body):
    """A program's refresh token; browsers send theirs as a cookie."""

    refresh_token: RefreshToken | None = None


class SetupBody(Body):
    """The first administrator, by the token of the link that `kino up` printed."""

    token: LinkSecret
    email: Email
    name: PersonName | None = None
    password: Password


class Tokens(BaseModel):
    """Tokens for a program; browsers keep the same in cookies. `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"


@router.post("/login")
def login(request: Request, body: Credentials) -> Tokens:
    """Sign in with e-mail address and password."""
    refuse_cross_site(request, with_cookie=False)
    return granted(request, resources_of(request).sign_in.enter(body.email, body.password, origin_of(request)))


@router.post("/refresh")
def refresh_session(request: Request, body: RefreshBody | None = None) -> Tokens:
    """Use up a refresh token, and get its successor and a new access token."""
    token = body.refresh_token if body else None
    resources = resources_of(request)
    if token is not None:
        return tokens_of(refresh(resources.database, resources.tokens, token, origin_of(request).actor))
    if REFRESH_COOKIE not in request.cookies:
        raise InvalidRefreshToken("There is no refresh token. Sign in.")
    refuse_cross_site(request, with_cookie=True)
    kept = request.cookies[REFRESH_COOKIE]
    return granted(request, refresh(resources.database, resources.tokens, kept, origin_of(request).actor))


@router.post("/logout", status_code=204)
def logout(request: Request) -> None:
    """End the session everywhere: tokens, cookies and open pages."""
    visitor = page_visitor(request)
    if visitor is None:
        raise Unauthenticated("Nobody is signed in.")
    sign_out(request, visitor)


@router.post("/setup", status_code=201)
def setup(request: Request, body: SetupBody) -> Tokens:
    """Make the first administrator and sign them in; the link works once."""
    refuse_cross_site(request, with_cookie=False)
    resources = resources_of(request)
    base_url = resources.settings.api_base_url
    origin = origin_of(request)
    with resources.database.write(by=origin.actor) as session:
        user = complete_setup(session, body.token, body.email, body.name, body.password, base_url=base_url)
        grant = resources.sign_in.open(session, user, origin)
    return granted(request, grant)


@router.get("/me")
def me(user: CurrentUser) -> User:
    """Return who is signed in."""
    return user


@keys_router.get("/jwks.json")
def jwks(request: Request) -> dict[str, Any]:
    """Return the public keys of access tokens: the one that signs first, then those that signed lately."""
    return resources_of(request).signing_keys.keys().jwks


def granted(request: Request, grant: Grant) -> Tokens:
    """Return the grant's tokens, and give a browser its cookies along with them."""
    give_cookies(request, grant)
    return tokens_of(grant)


def tokens_of(grant: Grant) -> Tokens:
    """Return the grant's tokens."""
    return Tokens(access_token=grant.access_token, refresh_token=grant.refresh_token, expires_in=grant.expires_in)
