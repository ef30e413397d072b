"""Who sends a request: a program with a bearer token, or a browser with cookies."""

from contextlib import AbstractContextManager, nullcontext
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE, give_cookies, take_cookies
from kino_api.cross_site import SAFE_METHODS, refuse_cross_site
from kino_api.resources import resources_of
from kino_api.sessions import (
    InvalidRefreshToken,
    SignedIn,
    refresh,
    session_of_access_token,
    session_of_refresh_token,
)
from kino_api.users import User
from kino_core.actors import Actor
from kino_core.database import WriteSession
from kino_core.errors import Unauthenticated


def authenticate(request: Request) -> SignedIn:
    """Return who asks; raises Unauthenticated, or CrossSite when another site's page rides on the cookie."""
    resources = resources_of(request)
    bearer = bearer_token(request)
    token = bearer or request.cookies.get(ACCESS_COOKIE)
    if token is None:
        raise Unauthenticated("Nobody is signed in. Sign in, or send an access token.")
    if bearer is None and request.method not in SAFE_METHODS:
        refuse_cross_site(request, with_cookie=True)
    with resources.database.read() as session:
        return session_of_access_token(session, resources.tokens, token)


def page_visitor(request: Request) -> SignedIn | None:
    """Return who looks at a page, None when they must sign in first.

    When only the refresh cookie is alive it is used up silently, and the answer carries its successor. Raises
    CrossSite, and Unavailable when the database is away.
    """
    try:
        return authenticate(request)
    except Unauthenticated:
        token = request.cookies.get(REFRESH_COOKIE)
        if token is None or bearer_token(request) is not None:
            return None
    if request.method not in SAFE_METHODS:
        refuse_cross_site(request, with_cookie=True)
    resources = resources_of(request)
    try:
        grant = refresh(resources.database, resources.tokens, token)
    except InvalidRefreshToken:
        take_cookies(request)
        return None
    give_cookies(request, grant)
    return SignedIn(grant.user, grant.session_id)


def socket_visitor(connection: HTTPConnection) -> SignedIn:
    """Return who opens a WebSocket, by either cookie or a bearer token; raises Unauthenticated."""
    resources = resources_of(connection)
    token = bearer_token(connection) or connection.cookies.get(ACCESS_COOKIE)
    with resources.database.read() as session:
        try:
            if token is not None:
                return session_of_access_token(session, resources.tokens, token)
        except Unauthenticated:
            if REFRESH_COOKIE not in connection.cookies:
                raise
        return session_of_refresh_token(session, resources.tokens, connection.cookies.get(REFRESH_COOKIE, ""))


def bearer_token(connection: HTTPConnection) -> str | None:
    """Return the token of `Authorization: Bearer …`, None without one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.casefold() == "bearer" and token.strip() else None


def signed_in(request: Request) -> User:
    """Return the user whom the route's guard has recognised."""
    visitor: SignedIn = request.state.visitor
    return visitor.user


def acting(request: Request) -> Actor:
    """Return the author of what this request changes."""
    visitor: SignedIn = request.state.visitor
    return visitor.actor(request.state.request_id)


def writing(request: Request) -> AbstractContextManager[WriteSession]:
    """Yield a session whose changes the audit ascribes to whoever sent this request.

    For a request with an Idempotency-Key it is the one that holds the key, and commits only after the route.
    """
    held: WriteSession | None = getattr(request.state, "write_session", None)
    return nullcontext(held) if held is not None else resources_of(request).database.write(by=acting(request))


CurrentUser = Annotated[User, Depends(signed_in)]
