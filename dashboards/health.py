"""How a project stands, by rule, with the reason; a manager's own word goes before the rule."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboards.formats import plural, relative

BLOCKED_AFTER = timedelta(hours=24)
STALE_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Status:
    """A status as it is shown: `key` picks icon and colour, `word` says it, `reason` explains it."""

    key: str
    word: str
    reason: str


_WORDS = {
    "ON_TRACK": ("on-track", "On track"),
    "AT_RISK": ("at-risk", "At risk"),
    "BLOCKED": ("blocked", "Blocked"),
    "COMPLETED": ("completed", "Completed"),
}


def status_of(
    *,
    said: str | None,
    said_reason: str | None,
    open_blockers: int,
    oldest_blocker_at: datetime | None,
    last_activity_at: datetime | None,
    now: datetime,
) -> Status:
    """Return the status of a project; `said` is what a manager set, None where nobody did."""
    ruled = _by_rule(open_blockers, oldest_blocker_at, last_activity_at, now)
    if said is None:
        return ruled
    key, word = _WORDS[said]
    reason = said_reason or "Set by a manager"
    return Status(key, word, reason if key == ruled.key else f"{reason}. By the rules: {ruled.word}, {ruled.reason}")


def _by_rule(
    open_blockers: int, oldest_blocker_at: datetime | None, last_activity_at: datetime | None, now: datetime
) -> Status:
    if oldest_blocker_at is not None and now - oldest_blocker_at > BLOCKED_AFTER:
        opened = relative(oldest_blocker_at, now)
        return Status("blocked", "Blocked", f"{plural(open_blockers, 'open blocker')}, the oldest from {opened}")
    if last_activity_at is None:
        return Status("none", "No data", "Nothing has happened here yet")
    if now - last_activity_at > STALE_AFTER:
        return Status("at-risk", "At risk", f"No activity for {relative(last_activity_at, now).removesuffix(' ago')}")
    if open_blockers:
        opened = f", the oldest from {relative(oldest_blocker_at, now)}" if oldest_blocker_at else ""
        return Status("on-track", "On track", f"{plural(open_blockers, 'open blocker')}{opened}")
    return Status("on-track", "On track", "Active in the last 7 days and nothing blocked")
