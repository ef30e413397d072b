"""Makes the bytes of an Office file depend on its content alone: fixed times, fixed order, our own theme."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime

_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms)")
Rewrite = Callable[[str, bytes], bytes]

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


_STRAY = re.compile(rb"<Relationship [^>]*(?:thumbnail|printerSettings)[^>]*/>")
_STRAY_PARTS = ("docProps/thumbnail.jpeg", "ppt/printerSettings/")


def normalised(package: bytes, moment: datetime, rewrite: Rewrite = lambda _, content: content) -> bytes:
    """Return `package` with every time set to `moment` (UTC), also in embedded workbooks.

    Each part passes through `rewrite(name, content)`; the picture and printer settings of the stock template go.
    """
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(out, "w") as target:
        for name in _ordered(source.namelist()):
            if name.startswith(_STRAY_PARTS):
                continue
            content = rewrite(name, source.read(name))
            if name.endswith(".rels"):
                content = _STRAY.sub(b"", content)
            if name == "docProps/core.xml":
                content = _TIMES.sub(rb"\g<1>" + stamp + rb"\g<2>", content)
            if name.endswith(".xlsx"):
                content = normalised(content, moment)
            entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            target.writestr(entry, content)
    return out.getvalue()


def _ordered(names: list[str]) -> list[str]:
    """Return the names with the content types first, as readers that stream expect them."""
    return sorted(names, key=lambda name: (name != "[Content_Types].xml", not name.startswith("_rels/"), name))
