"""Whether a request came from a page of ours: what stands between a signed-in browser and other people's pages."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from kino_core.errors import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSite(Forbidden):
    """A page of another site tried to act in the name of a signed-in browser."""

    code = "CROSS_SITE_REQUEST"


def refuse_cross_site(connection: HTTPConnection, *, with_cookie: bool) -> None:
    """Raise CrossSite for what another site's page sent.

    Browsers say so themselves in Sec-Fetch-Site, older ones in Origin. A request with neither is no browser's, which
    is refused only when it rides on a cookie.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        ours = site in ("same-origin", "none")
    elif "origin" in connection.headers:
        ours = is_own_origin(connection)
    else:
        ours = not with_cookie
    if not ours:
        raise CrossSite("This request came from another site's page, so nothing was done. Use Kino's own pages.")


def is_own_origin(connection: HTTPConnection) -> bool:
    """Return whether the Origin header names the very host and port that the request was sent to."""
    origin = connection.headers.get("origin", "")
    return urlsplit(origin).netloc.casefold() == connection.headers.get("host", "").casefold() != ""
