"""Sign-in, refresh, sign-out, the first administrator, and the public key."""

from typing import Annotated, Any

from anyio import from_thread
from fastapi import Request
from pydantic import BaseModel, Field

from kino_api.authentication import CurrentUser, page_visitor
from kino_api.cookies import REFRESH_COOKIE, give_cookies, take_cookies
from kino_api.cross_site import refuse_cross_site
from kino_api.guarded_route import guarded_router
from kino_api.resources import resources_of
from kino_api.sessions import Grant, InvalidRefreshToken, WrongPassword, end_session, open_session, refresh, sign_in
from kino_api.setup import complete_setup
from kino_api.shapes import Body
from kino_api.users import User
from kino_core.errors import Unauthenticated

router = guarded_router("/auth", "sign-in")
keys_router = guarded_router("/.well-known", "sign-in")

Text = Annotated[str, Field(max_length=1000)]


class Credentials(Body):
    """What somebody signs in with."""

    email: Text
    password: Text


class RefreshBody(Body):
    """A program's refresh token; browsers send theirs as a cookie."""

    refresh_token: Text | None = None


class SetupBody(Body):
    """The first administrator, by the token of the link that `kino up` printed."""

    token: Text
    email: Text
    name: Text | None = None
    password: Text


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
    resources = resources_of(request)
    address = request.client.host if request.client else ""
    resources.lockout.check(body.email, address)
    try:
        grant = sign_in(resources.database, resources.tokens, body.email, body.password)
    except WrongPassword:
        resources.lockout.failed(body.email, address)
        raise
    resources.lockout.succeeded(body.email, address)
    return _granted(request, grant)


@router.post("/refresh")
def refresh_session(request: Request, body: RefreshBody | None = None) -> Tokens:
    """Use up a refresh token, and get its successor and a new access token."""
    token = body.refresh_token if body else None
    if token is not None:
        resources = resources_of(request)
        return _tokens(refresh(resources.database, resources.tokens, token))
    if REFRESH_COOKIE not in request.cookies:
        raise InvalidRefreshToken("There is no refresh token. Sign in.")
    refuse_cross_site(request, with_cookie=True)
    resources = resources_of(request)
    return _granted(request, refresh(resources.database, resources.tokens, request.cookies[REFRESH_COOKIE]))


@router.post("/logout", status_code=204)
def logout(request: Request) -> None:
    """End the session everywhere: tokens, cookies and open pages."""
    visitor = page_visitor(request)
    if visitor is None:
        raise Unauthenticated("Nobody is signed in.")
    resources = resources_of(request)
    with resources.database.write() as session:
        end_session(session, visitor.session_id)
    take_cookies(request)
    from_thread.run_sync(resources.hub.end_session, visitor.session_id)


@router.post("/setup", status_code=201)
def setup(request: Request, body: SetupBody) -> Tokens:
    """Make the first administrator and sign them in; the link works once."""
    refuse_cross_site(request, with_cookie=False)
    resources = resources_of(request)
    with resources.database.write() as session:
        user = complete_setup(session, body.token, body.email, body.name, body.password)
        grant = open_session(session, resources.tokens, user)
    return _granted(request, grant)


@router.get("/me")
def me(user: CurrentUser) -> User:
    """Return who is signed in."""
    return user


@keys_router.get("/jwks.json")
def jwks(request: Request) -> dict[str, Any]:
    """Return the public key that access tokens are signed with."""
    return resources_of(request).key.jwks


def _granted(request: Request, grant: Grant) -> Tokens:
    give_cookies(request, grant)
    return _tokens(grant)


def _tokens(grant: Grant) -> Tokens:
    return Tokens(access_token=grant.access_token, refresh_token=grant.refresh_token, expires_in=grant.expires_in)
