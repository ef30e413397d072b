"""Whether a request came from a page of ours: what stands between a signed-in browser and other people's pages."""

from starlette.requests import HTTPConnection

from kino_core.errors import Forbidden
from kino_core.origins import is_own_page

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSite(Forbidden):
    """A page of another site tried to act in the name of a signed-in browser."""

    code = "CROSS_SITE_REQUEST"


def refuse_cross_site(connection: HTTPConnection, *, with_cookie: bool) -> None:
    """Raise CrossSite for what another site's page sent, and for what no browser sent when it rides on a cookie."""
    headers = connection.headers
    ours = is_own_page(headers.get("sec-fetch-site"), headers.get("origin"), headers.get("host", ""))
    if not (ours if ours is not None else not with_cookie):
        raise CrossSite("This request came from another site's page, so nothing was done. Use Kino's own pages.")
