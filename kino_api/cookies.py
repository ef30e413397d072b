"""The two cookies of a signed-in browser. The prefix makes browsers insist on Secure, Path=/ and no Domain."""

from starlette.requests import HTTPConnection

from kino_api.sessions import Grant

ACCESS_COOKIE = "__Host-kino_at"
REFRESH_COOKIE = "__Host-kino_rt"


def give_cookies(connection: HTTPConnection, grant: Grant) -> None:
    """Send the grant's tokens along with whatever answers this request."""
    connection.state.set_cookies += [
        _cookie(ACCESS_COOKIE, grant.access_token, grant.expires_in),
        _cookie(REFRESH_COOKIE, grant.refresh_token, grant.refresh_expires_in),
    ]


def take_cookies(connection: HTTPConnection) -> None:
    """Make the browser forget both."""
    connection.state.set_cookies[:] = [_cookie(ACCESS_COOKIE, "", 0), _cookie(REFRESH_COOKIE, "", 0)]


def _cookie(name: str, value: str, seconds: int) -> str:
    # Lax, not Strict: a link in an e-mail must open the page of somebody who is signed in.
    return f"{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"
