from datetime import UTC, datetime
from typing import Any

import pytest

from dashboards.feed import LONGEST_DETAIL, detail, feed_line


@pytest.mark.parametrize(
    ("event_type", "data", "words"),
    [
        ("test_execution", {"passed": 12, "failed": 0, "suite": "unit"}, "12 passed · 0 failed · unit"),
        ("test_execution", {"passed": "many", "suite": ["unit"]}, ""),
        ("code_commit", {"sha": "0123456789abcdef", "message": "Retry"}, "0123456 · Retry"),
        ("code_commit", {"message": None}, ""),
        ("blocker_identified", {"description": "No key"}, "No key"),
        ("task_started", {"title": "Retry uploads", "summary": "later"}, "Retry uploads"),
        ("task_completed", {}, ""),
        ("something_new", {"description": {"not": "text"}}, ""),
    ],
)
def test_details_survive_whatever_agents_send(event_type: str, data: dict[str, Any], words: str) -> None:
    assert detail(event_type, data) == words


def test_a_resolved_blocker_reads_so_and_nothing_grows_without_end() -> None:
    line = feed_line(
        1, "blocker_identified", "claude-7", "KIN-1", {"resolved": True, "description": "x" * 5000}, datetime.now(UTC)
    )
    assert line.verb == "is no longer blocked on"
    assert len(line.detail) == LONGEST_DETAIL
