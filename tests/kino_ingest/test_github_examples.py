"""Every example that GitHub publishes of its webhooks goes through the door and folds."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from kino_core.database import Database
from kino_core.settings import Settings
from tests.kino_ingest.events import fold_all, one, rows
from tests.kino_ingest.test_github_door import sign
from tests.loopback import NO_CERTIFICATES

EXAMPLES = Path(__file__).parents[2] / "node_modules/@octokit/webhooks-examples/api.github.com/index.json"


@pytest.fixture(scope="module")
def examples() -> list[tuple[str, dict[str, Any]]]:
    """(kind, payload) of every example."""
    if not EXAMPLES.exists():
        pytest.skip("GitHub's examples are not installed")
    return [(kind["name"], payload) for kind in json.loads(EXAMPLES.read_text()) for payload in kind["examples"]]


def test_each_is_kept_and_none_fails_to_fold(
    examples: list[tuple[str, dict[str, Any]]], serve: Callable[..., str], settings: Settings, database: Database
) -> None:
    url = serve(settings) + "/webhooks/github"
    with httpx.Client(verify=NO_CERTIFICATES, timeout=30) as client:
        for kind, payload in examples:
            raw = json.dumps(payload).encode()
            headers = {"content-type": "application/json", "x-github-event": kind, "x-hub-signature-256": sign(raw)}
            answer = client.post(url, content=raw, headers=headers | {"x-github-delivery": str(uuid.uuid4())})
            assert answer.status_code == 202, (kind, answer.text)
    assert one(database, "SELECT count(*) FROM landing.event") == len(examples) > 100
    assert fold_all(database) == 0
    assert rows(database, "SELECT error FROM landing.dead_letter") == []
    told = {
        payload["pull_request"]["number"]: None
        for kind, payload in examples
        if kind == "pull_request" and "pull_request" in payload
    }
    assert one(database, "SELECT count(DISTINCT number) FROM kino.pull_request WHERE told_by LIKE 'github%%'") == len(
        told
    )
