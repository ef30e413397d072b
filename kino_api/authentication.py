"""Who sends a request: a program with a bearer token, or a browser with cookies."""

import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Annotated

from anyio import from_thread
from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE, give_cookies, take_cookies
from kino_api.cross_site import SAFE_METHODS, refuse_cross_site
from kino_api.resources import resources_of
from kino_api.sessions import (
    InvalidRefreshToken,
    SignedIn,
    end_session,
    refresh,
    session_of_access_token,
    session_of_refresh_token,
)
from kino_api.sign_in import Origin
from kino_api.users import User
from kino_core.actors import Actor
from kino_core.audit import record
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
        grant = refresh(resources.database, resources.tokens, token, origin_of(request).actor)
    except InvalidRefreshToken:
        take_cookies(request)
        return None
    give_cookies(request, grant)
    return SignedIn(grant.user, grant.session_id, grant.authenticated_at)


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


def sign_out(request: Request, visitor: SignedIn) -> None:
    """End the session of whoever asks, in every tab, and have the browser forget it."""
    resources = resources_of(request)
    with resources.database.write(by=visitor.actor(request.state.request_id)) as session:
        end_session(session, visitor.session_id)
        record(session, "LOGOUT", "session", visitor.session_id)
    take_cookies(request)
    close_pages(request, [visitor.session_id])


def close_pages(request: Request, session_ids: Iterable[uuid.UUID]) -> None:
    """Close the live channels of sessions that just ended; other processes find out by asking."""
    hub = resources_of(request).hub
    for session_id in session_ids:
        from_thread.run_sync(hub.end_session, session_id)


def bearer_token(connection: HTTPConnection) -> str | None:
    """Return the token of `Authorization: Bearer …`, None without one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.casefold() == "bearer" and token.strip() else None


def signed_in(request: Request) -> User:
    """Return the user whom the route's guard has recognised."""
    visitor: SignedIn = request.state.visitor
    return visitor.user


def require_fresh(request: Request) -> None:
    """Raise ReauthenticationRequired where the password was not shown lately, for what a thief would do first."""
    visitor: SignedIn = request.state.visitor
    visitor.require_fresh()


def origin_of(request: Request) -> Origin:
    """Return where the request comes from."""
    return Origin(
        address=request.client.host if request.client else "",
        user_agent=request.headers.get("user-agent", ""),
        request_id=request.state.request_id,
    )


def acting(request: Request) -> Actor:
    """Return the author of what this request changes."""
    visitor: SignedIn = request.state.visitor
    return visitor.actor(request.state.request_id)


def writing(request: Request) -> AbstractContextManager[WriteSession]:
    """Yield a session whose changes the audit ascribes to whoever sent this request."""
    return resources_of(request).database.write(by=acting(request))


CurrentUser = Annotated[User, Depends(signed_in)]
