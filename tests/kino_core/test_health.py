"""The rule of health: when a project is blocked or at risk, and whose word counts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kino_core.health import Signs, health_of
from kino_core.project_states import ProjectStatus

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
TODAY = NOW.date()


def signs(
    *,
    blocker_age: timedelta | None = None,
    quiet_for: timedelta | None = timedelta(0),
    end_date: date | None = None,
    time_zone: str = "UTC",
    slipping: int = 0,
) -> Signs:
    return Signs(
        open_blockers=0 if blocker_age is None else 1,
        oldest_blocker_at=None if blocker_age is None else NOW - blocker_age,
        last_activity_at=None if quiet_for is None else NOW - quiet_for,
        end_date=end_date,
        time_zone=time_zone,
        slipping=slipping,
    )


@pytest.mark.parametrize(
    ("seen", "status", "reason"),
    [
        (signs(blocker_age=timedelta(hours=25)), "BLOCKED", "1 open blocker, the oldest from 1 day ago"),
        (signs(blocker_age=timedelta(hours=25), quiet_for=timedelta(days=30)), "BLOCKED", "1 open blocker"),
        (signs(blocker_age=timedelta(hours=23)), "ON_TRACK", "1 open blocker, the oldest from 23 hours ago"),
        (signs(quiet_for=timedelta(days=6)), "ON_TRACK", "Active in the last 7 days and nothing blocked"),
        (signs(quiet_for=timedelta(days=8)), "AT_RISK", "No activity for 8 days"),
        (signs(end_date=TODAY), "ON_TRACK", "Active"),
        (signs(end_date=TODAY - timedelta(days=1)), "AT_RISK", "It was to end on 2026-11-21"),
        (signs(end_date=TODAY, time_zone="Asia/Tokyo"), "AT_RISK", "It was to end on 2026-11-22"),
        (signs(end_date=TODAY - timedelta(days=1), time_zone="America/Los_Angeles"), "AT_RISK", "It was to end"),
        (signs(slipping=1), "AT_RISK", "1 dependency is late"),
        (signs(slipping=2, quiet_for=None), "AT_RISK", "2 dependencies are late"),
        (signs(quiet_for=None), None, "Nothing has happened here yet"),
    ],
)
def test_the_rule(seen: Signs, status: str | None, reason: str) -> None:
    found = health_of(None, None, seen, NOW)
    assert (found.status, found.rule_status) == (status, status)
    assert found.reasons[0].startswith(reason)
    assert found.reasons == found.rule_reasons


def test_every_reason_is_told() -> None:
    found = health_of(None, None, signs(blocker_age=timedelta(days=2), quiet_for=timedelta(days=9), slipping=1), NOW)
    assert [reason.split()[0] for reason in found.reasons] == ["1", "No", "1"]


def test_a_managers_word_goes_first_and_the_rule_stays_visible() -> None:
    seen = signs(blocker_age=timedelta(days=3))
    found = health_of(ProjectStatus.ON_TRACK, "The customer waits with us", seen, NOW)
    assert (found.status, found.reasons, found.said) == ("ON_TRACK", ("The customer waits with us",), True)
    assert (found.rule_status, found.rule_reasons) == ("BLOCKED", ("1 open blocker, the oldest from 3 days ago",))
    assert health_of(ProjectStatus.BLOCKED, None, seen, NOW).reasons == ("Set by a manager",)


def test_what_is_completed_is_not_late() -> None:
    found = health_of(ProjectStatus.COMPLETED, None, signs(end_date=TODAY - timedelta(days=9)), NOW)
    assert (found.status, found.rule_status) == ("COMPLETED", "ON_TRACK")
