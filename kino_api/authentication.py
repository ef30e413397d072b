"""Who sends a request: a program with a bearer token, or a browser with cookies."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated

from anyio import from_thread
from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from kino_api.changes import changes_of
from kino_api.cookies import ACCESS_COOKIE, REFRESH_COOKIE, give_cookies, take_cookies
from kino_api.cross_site import SAFE_METHODS, refuse_cross_site
from kino_api.live import Close
from kino_api.resources import resources_of
from kino_api.sessions import (
    InvalidRefreshToken,
    SignedIn,
    end_session,
    note_write,
    refresh,
    session_of_access_token,
    session_of_refresh_token,
    wrote_lately,
)
from kino_api.sign_in import Origin
from kino_api.users import User
from kino_api.watching import note_error
from kino_core.actors import Actor
from kino_core.audit import record
from kino_core.database import ReadSession, WriteSession
from kino_core.errors import Unauthenticated


def authenticate(request: Request) -> SignedIn:
    """Return who asks; raises Unauthenticated, or CrossSite when another site's page rides on the cookie."""
    token = credential_of(request)
    with resources_of(request).database.read() as session:
        return recognise(session, request, token)


def credential_of(request: Request) -> str:
    """Return the access token that came along; raises Unauthenticated, or CrossSite for another site's page."""
    bearer = bearer_token(request)
    token = bearer or request.cookies.get(ACCESS_COOKIE)
    if token is None:
        raise Unauthenticated("Nobody is signed in. Sign in, or send an access token.")
    if bearer is None and request.method not in SAFE_METHODS:
        refuse_cross_site(request, with_cookie=True)
    return token


def recognise(session: ReadSession, request: Request, token: str) -> SignedIn:
    """Return whose access token it is, and remember it for this request; raises Unauthenticated."""
    resources = resources_of(request)
    visitor = request.state.visitor = session_of_access_token(session, resources.tokens, token)
    # What one has just changed oneself must be there when one looks; and who sees not everything loses the rest at
    # once, where a copy would still show it.
    request.state.copy_will_do = (
        resources.database.has_copy and visitor.user.role is not None and not wrote_lately(session, visitor.session_id)
    )
    return visitor


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
    except InvalidRefreshToken as error:
        note_error(request, error)
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


def close_pages_of(request: Request, user_id: uuid.UUID, code: Close) -> None:
    """Close the live channels of somebody whose rights just changed or ended, so that nothing more reaches them."""
    from_thread.run_sync(resources_of(request).hub.close_user, user_id, code)


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


def reading(request: Request) -> AbstractContextManager[ReadSession]:
    """Yield a session for a list or a report: on a copy that is close behind, where that makes no difference."""
    database = resources_of(request).database
    return database.read_copy() if getattr(request.state, "copy_will_do", False) else database.read()


@contextmanager
def writing(request: Request) -> Iterator[WriteSession]:
    """Yield a session whose changes the audit ascribes to whoever sent this request.

    What is cached of the projects that it tells the log of is not looked at again once it is committed. For a request
    with an Idempotency-Key it is the session that holds the key, and commits only after the route.
    """
    held: WriteSession | None = getattr(request.state, "write_session", None)
    if held is not None:
        yield held
        return
    with committing(request) as session:
        yield session


@contextmanager
def committing(request: Request) -> Iterator[WriteSession]:
    """Yield the one session in which this request changes anything; it commits when the block ends."""
    resources = resources_of(request)
    with resources.database.write(by=acting(request)) as session:
        if resources.database.has_copy:
            visitor: SignedIn = request.state.visitor
            note_write(session, visitor.session_id)
        changed = changes_of(session)
        yield session
    resources.cache.forget(changed)


CurrentUser = Annotated[User, Depends(signed_in)]
