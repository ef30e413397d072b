"""Counts and spans of time as people write them, for everything that explains itself in a sentence."""

from datetime import datetime


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return the count with its noun: "1 commit", "2 commits", "0 commits"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def relative(moment: datetime, now: datetime) -> str:
    """Return how long before or after `now` it is, in its largest whole unit: "3 hours ago", "in 2 days"."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 45:
        return "just now"
    for unit, length in (("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if abs(seconds) >= length or unit == "minute":
            words = plural(max(1, int(abs(seconds) // length)), unit)
            return f"{words} ago" if seconds > 0 else f"in {words}"
    raise AssertionError("minutes take everything that is left")
