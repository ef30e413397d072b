"""Who may speak to Dagster's user interface: its own pages and programs of this machine."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from kino_core.origins import is_own_host, is_own_page

REFUSED = "This request came from another site's page, or under another name than this machine's: nothing was done.\n"


class OwnPagesOnly:
    """Lets through what its own pages and local programs send, and from elsewhere only links to its pages."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        """Answer under the names of this machine and under the host of `base_url`, where people reach Kino."""
        self._app = app
        self._own_host = urlsplit(base_url).hostname

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan."""
        if scope["type"] == "lifespan" or self._may_pass(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse(REFUSED, 403)(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not is_own_host(host, self._own_host):
            return False
        if is_own_page(headers.get("sec-fetch-site"), headers.get("origin"), host) is False:
            return _only_reads(scope)
        # A link in a mail counts as nobody's page, and GraphQL takes commands by GET as well.
        return headers.get("sec-fetch-mode") != "navigate" or _only_reads(scope)


def _only_reads(scope: Scope) -> bool:
    """Return whether a request can change nothing, whoever's page it came from."""
    is_graphql = scope["path"].rstrip("/").endswith("/graphql") and scope["query_string"]
    return scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not is_graphql
