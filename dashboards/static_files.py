"""The files in `static/`, served under an address that changes when any of them does."""

import gzip
import hashlib
import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dashboards.assets import PACKAGE_ROOT
from kino_core.errors import NotFound

STATIC_PATH = PACKAGE_ROOT / "static"

_FOREVER = "public, max-age=31536000, immutable"
_COMPRESSED = {".css", ".js", ".svg", ".txt"}
_SERVED = _COMPRESSED | {".woff2", ".png"}


class StaticFiles:
    """An ASGI app that serves one folder from memory; read once, so a file changed later needs a restart.

    One hash names all of them: a stylesheet's relative font addresses then stay right without rewriting it.
    """

    def __init__(self, folder: Path = STATIC_PATH) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in _SERVED)
        self._files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        self._zipped: dict[str, bytes] = {}
        digest = hashlib.sha256()
        for name, content in self._files.items():
            digest.update(f"{name}:{len(content)}\n".encode())
            digest.update(content)
        self.version = digest.hexdigest()[:12]

    def __getitem__(self, name: str) -> str:
        """Return the address of `name`; raises KeyError for a file that is not there."""
        if name not in self._files:
            raise KeyError(f"There is no file {name!r} in static/.")
        return f"/static/{self.version}/{name}"

    def has(self, name: str) -> bool:
        """Return whether `name` exists; pages work without the libraries that npm brings, with less comfort."""
        return name in self._files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for `/static/<version>/<name>`; an old version gets today's file, uncached.

        Raises NotFound for a file that is not there.
        """
        path = scope["path"].removeprefix("/static").lstrip("/")
        version, _, name = path.partition("/")
        response = self._response(Request(scope), name, fresh=version == self.version)
        await response(scope, receive, send)

    def _response(self, request: Request, name: str, *, fresh: bool) -> Response:
        content = self._files.get(name)
        if content is None or request.method not in ("GET", "HEAD"):
            raise NotFound(
                "There is no such file. Load the page again: its files have other addresses since an update."
            )
        headers = {"Cache-Control": _FOREVER if fresh else "no-cache"}
        suffix = Path(name).suffix
        if suffix in _COMPRESSED:
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in request.headers.get("accept-encoding", ""):
                headers["Content-Encoding"] = "gzip"
                content = self._gzipped(name)
        media_type = "font/woff2" if suffix == ".woff2" else mimetypes.guess_type(name)[0]
        return Response(content, headers=headers, media_type=media_type)

    def _gzipped(self, name: str) -> bytes:
        if name not in self._zipped:
            self._zipped[name] = gzip.compress(self._files[name], mtime=0)
        return self._zipped[name]
