"""The documentation says what the code does."""

import re
from pathlib import Path

import pytest

from docs.build import pages
from kino_cli.main import VERBS
from kino_core.metrics import METRICS

ROOT = Path(__file__).parents[1]


def test_generated_pages_are_up_to_date() -> None:
    stale = [str(path) for path, text in pages().items() if (ROOT / "docs" / path).read_text() != text]
    assert stale == [], "run `make docs`"


def test_every_metric_has_a_page() -> None:
    written = {page.stem for page in (ROOT / "docs" / "metrics").glob("*.md")} - {"README"}
    assert written == {metric.key for metric in METRICS}


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=str)
def test_links_lead_somewhere_and_commands_exist(page: Path) -> None:
    text = page.read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    verbs = re.findall(r"^ +(?:\.venv/bin/)?kino ([a-z]+)", text, flags=re.MULTILINE)
    assert set(verbs) <= set(VERBS)
