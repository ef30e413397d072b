from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboards.assets import AssetsMissing, copy_assets
from dashboards.spreadsheets import csv_response
from dashboards.static_files import StaticFiles
from kino_core.errors import NotFound


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "kino.css").write_text("body {}" * 100)
    (tmp_path / "inner" / "a.woff2").write_bytes(b"font")
    (tmp_path / "notes.md").write_text("not for browsers")
    return tmp_path


def test_an_address_holds_for_ever_and_changes_with_any_file(folder: Path) -> None:
    static = StaticFiles(folder)
    answer = TestClient(static).get(static["kino.css"])
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == "body {}" * 100
    (folder / "inner" / "a.woff2").write_bytes(b"another")
    assert StaticFiles(folder)["kino.css"] != static["kino.css"]


def test_an_old_address_gets_todays_file_uncached(folder: Path) -> None:
    answer = TestClient(StaticFiles(folder)).get("/static/000000000000/inner/a.woff2")
    assert (answer.content, answer.headers["cache-control"]) == (b"font", "no-cache")
    assert answer.headers["content-type"] == "font/woff2"


@pytest.mark.parametrize("path", ["notes.md", "../kino.css", "%2e%2e/kino.css", "", "missing.css"])
def test_nothing_else_is_served(folder: Path, path: str) -> None:
    static = StaticFiles(folder)
    with pytest.raises(NotFound, match="no such file"):
        TestClient(static).get(f"/static/{static.version}/{path}")


def test_assets_are_copied_once_and_missing_ones_named(tmp_path: Path) -> None:
    modules, vendor = tmp_path / "node_modules", tmp_path / "vendor"
    with pytest.raises(AssetsMissing, match="npm ci"):
        copy_assets(modules, vendor)
    for name in (
        "htmx.org/dist/htmx.min.js",
        "htmx.org/LICENSE",
        "plotly.js-basic-dist-min/plotly-basic.min.js",
        "plotly.js-basic-dist-min/LICENSE",
        "@fontsource-variable/inter/index.css",
        "@fontsource-variable/inter/LICENSE",
        "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
        "@fontsource-variable/inter/files/inter-latin-wght-italic.woff2",
    ):
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).write_text(name)
    assert len(copy_assets(modules, vendor)) == 7
    assert copy_assets(modules, vendor) == []
    assert not (vendor / "inter" / "files" / "inter-latin-wght-italic.woff2").exists()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_cell_that_could_be_a_formula_is_text(text: str) -> None:
    body = bytes(csv_response("a.csv", ["name"], [[text], [-1]]).body).decode()
    assert f"'{text}" in body
    assert body.endswith("-1\r\n")
