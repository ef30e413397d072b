"""Copies the browser libraries that npm installed into `static/vendor`: `python -m dashboards.assets`.

npm checks each package against the integrity hash in `package-lock.json`; nothing of it is committed.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from kino_core.errors import KinoError

PACKAGE_ROOT = Path(__file__).parent
VENDOR_PATH = PACKAGE_ROOT / "static" / "vendor"

_LIBRARIES: dict[str, str] = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "plotly.js-basic-dist-min/plotly-basic.min.js": "plotly-basic.min.js",
    "plotly.js-basic-dist-min/LICENSE": "plotly.LICENSE.txt",
    "@fontsource-variable/inter/index.css": "inter/inter.css",
    "@fontsource-variable/inter/LICENSE": "inter/LICENSE.txt",
}
_FONTS = "@fontsource-variable/inter/files"


class AssetsMissing(KinoError):
    """The browser libraries are not where they should be."""

    code = "ASSETS_MISSING"


def copy_assets(node_modules: Path, vendor: Path = VENDOR_PATH) -> list[Path]:
    """Copy what the pages load from `node_modules` to `vendor`, and return the files written.

    Files that are already the same are left alone. Raises AssetsMissing when npm has not installed a package.
    """
    written = []
    for source, name in _wanted(node_modules):
        if not source.is_file():
            raise AssetsMissing(f"{source} does not exist. Run `npm ci --ignore-scripts` in {node_modules.parent}.")
        target = vendor / name
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        written.append(target)
    return written


def _wanted(node_modules: Path) -> Iterator[tuple[Path, str]]:
    for source, name in _LIBRARIES.items():
        yield node_modules / source, name
    # Only the upright weight axis: the pages set nothing in italics, and each script's file loads when it is needed.
    for font in sorted((node_modules / _FONTS).glob("*-wght-normal.woff2")):
        yield font, f"inter/files/{font.name}"


def main() -> int:
    """Copy the assets of this checkout; return the process's exit code."""
    try:
        written = copy_assets(PACKAGE_ROOT.parent / "node_modules")
    except AssetsMissing as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    sys.stdout.write(f"{len(written)} browser asset(s) copied to {VENDOR_PATH}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
