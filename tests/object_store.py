"""An object store that speaks as much of S3 as DuckDB asks for: whole and multipart uploads, ranges, deletions."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

KEY_ID, SECRET = "the-key-of-the-tests", "the-secret-of-the-tests"


class ObjectStore(ThreadingHTTPServer):
    """Objects by path; refuses who does not sign with KEY_ID."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Yield a running, empty store."""
    with ObjectStore() as store:
        thread = threading.Thread(target=store.serve_forever, daemon=True)
        thread.start()
        yield store
        store.shutdown()
        thread.join()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ObjectStore

    def do_PUT(self) -> None:
        path, asked = self._asked()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._signed():
            return
        if "partNumber" in asked:
            self.server.parts[path][int(asked["partNumber"][0])] = body
        else:
            self.server.objects[path] = body
        self._answer(200, headers={"ETag": '"etag"'})

    def do_POST(self) -> None:
        path, asked = self._asked()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if not self._signed():
            return
        if "uploads" in asked:
            self.server.parts[path] = {}
            self._answer(
                200, f"<InitiateMultipartUploadResult><UploadId>{path}</UploadId></InitiateMultipartUploadResult>"
            )
        elif "delete" in asked:
            for key in re.findall(r"<Key>(.*?)</Key>", body):
                self.server.objects.pop(f"{path.rstrip('/')}/{key}", None)
            self._answer(200, "<DeleteResult/>")
        else:
            parts = self.server.parts.pop(path)
            self.server.objects[path] = b"".join(parts[number] for number in sorted(parts))
            self._answer(200, "<CompleteMultipartUploadResult><ETag>etag</ETag></CompleteMultipartUploadResult>")

    def do_GET(self) -> None:
        path, asked = self._asked()
        if not self._signed():
            return
        if "list-type" in asked:
            prefix = f"{path.rstrip('/')}/{asked.get('prefix', [''])[0]}"
            keys = [each.split("/", 2)[2] for each in self.server.objects if each.startswith(prefix)]
            contents = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys)
            self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>")
        elif (found := self.server.objects.get(path)) is None:
            self._answer(404)
        elif given := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
            first, last = int(given[1]), min(int(given[2]), len(found) - 1)
            headers = {"Content-Range": f"bytes {first}-{last}/{len(found)}"}
            self._answer(206, found[first : last + 1], headers)
        else:
            self._answer(200, found)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        path, _ = self._asked()
        if self._signed():
            self.server.objects.pop(path, None)
            self._answer(204)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""

    def _asked(self) -> tuple[str, dict[str, list[str]]]:
        address = urlsplit(self.path)
        return address.path, parse_qs(address.query, keep_blank_values=True)

    def _signed(self) -> bool:
        if KEY_ID in self.headers.get("Authorization", ""):
            return True
        self._answer(403)
        return False

    def _answer(self, status: int, body: str | bytes = b"", headers: dict[str, str] | None = None) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in ({"Accept-Ranges": "bytes", "ETag": '"etag"'} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
