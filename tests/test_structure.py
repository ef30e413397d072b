"""What keeps the house in order: layers, sizes, and files that hold no addresses of machines."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ["kino_core", "kino_ingest", "kino_assets", "kino_reports", "kino_api", "dashboards", "kino_cli"]
LONGEST_MODULE, LONGEST_FUNCTION = 400, 50
VAGUE = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}


def _modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (ROOT / package).rglob("*.py")


def test_layers_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_modules_are_short_and_well_named() -> None:
    long = [f"{path}: {lines}" for path in _modules() if (lines := len(path.read_text().splitlines())) > LONGEST_MODULE]
    assert long == []
    assert [str(path) for path in _modules() if path.stem in VAGUE] == []


def test_functions_are_short() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path in _modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_every_package_says_what_lives_there() -> None:
    # Alembic's folder of migrations is a folder of scripts, not a package.
    folders = {path.parent for path in _modules()} - {ROOT / "kino_core" / "migrations" / "versions"}
    silent = [
        str(folder)
        for folder in folders
        if not (folder / "__init__.py").exists()
        or not ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    ]
    assert silent == []


def test_every_module_says_what_it_is() -> None:
    silent = [str(path) for path in _modules() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_an_exemption_from_the_rules_gives_its_reason() -> None:
    bare = re.compile(r"#\s*(type:\s*ignore|noqa)(\[[\w, -]+\]|:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)?\s*$")
    found = [
        f"{path}:{number}"
        for path in _modules()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "deploy/requirements-uv.lock", "deploy/requirements-node.lock", "package-lock.json"]
)
def test_lock_files_name_hashes_and_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links)\b", text, re.MULTILINE)
    assert '"resolved"' not in text
    if lock != "package-lock.json":
        pinned = re.findall(r"^[A-Za-z0-9][\w.-]*(?:\[[\w,-]+\])?==", text, re.MULTILINE)
        entries = re.split(r"^(?=[A-Za-z0-9][\w.-]*(?:\[[\w,-]+\])?==)", text, flags=re.MULTILINE)[1:]
        assert len(pinned) == len(entries) > 0
        assert all("--hash=sha256:" in entry for entry in entries)


def test_packaged_files_are_reachable_without_the_checkout() -> None:
    for package, name in (("dagster_home", "dagster.yaml"), ("kino_core", "migrations/versions/0001_first_tables.sql")):
        assert (resources.files(package) / name).is_file()
