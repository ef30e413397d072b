from datetime import UTC, datetime, timedelta

import pytest

from dashboards.health import status_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("blocker_age", "quiet_for", "key"),
    [
        (timedelta(hours=25), timedelta(0), "blocked"),
        (timedelta(hours=25), timedelta(days=30), "blocked"),
        (timedelta(hours=23), timedelta(0), "on-track"),
        (None, timedelta(days=6), "on-track"),
        (None, timedelta(days=8), "at-risk"),
        (timedelta(hours=1), timedelta(days=8), "at-risk"),
        (None, None, "none"),
    ],
)
def test_the_rule(blocker_age: timedelta | None, quiet_for: timedelta | None, key: str) -> None:
    found = status_of(
        said=None,
        said_reason=None,
        open_blockers=0 if blocker_age is None else 1,
        oldest_blocker_at=None if blocker_age is None else NOW - blocker_age,
        last_activity_at=None if quiet_for is None else NOW - quiet_for,
        now=NOW,
    )
    assert found.key == key
    assert found.reason


def test_a_managers_word_goes_first_and_the_rule_stays_visible() -> None:
    found = status_of(
        said="ON_TRACK",
        said_reason="The customer waits with us",
        open_blockers=2,
        oldest_blocker_at=NOW - timedelta(days=3),
        last_activity_at=NOW,
        now=NOW,
    )
    assert found.key == "on-track"
    assert found.reason.startswith("The customer waits with us. By the rules: Blocked, 2 open blockers")
