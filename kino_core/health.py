"""How a project stands: the rule of `docs/projects.md` with its reasons, and a manager's own word before it.

Lists, pages and the metric `health` all judge by it. `kino.project_health` spells the same rule for PostgreSQL, which
filters by it; a test holds the two together.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kino_core.project_states import ProjectStatus
from kino_core.words import plural, relative

BLOCKED_AFTER = timedelta(hours=24)
QUIET_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Health:
    """How a project stands, and why; `status` is None where nothing has ever happened and nobody said anything.

    Where a manager set a status, it is that one; `rule_status` and `rule_reasons` are what the rule says all the same.
    """

    status: ProjectStatus | None
    reasons: tuple[str, ...]
    rule_status: ProjectStatus | None
    rule_reasons: tuple[str, ...]

    @property
    def said(self) -> bool:
        """Return whether a manager's word differs from the rule's."""
        return self.status is not self.rule_status


@dataclass(frozen=True)
class Signs:
    """What the rule looks at; `slipping` counts dependencies on what is past its end date and not finished.

    `finish_by` is the day by which all is done in 85 of 100 forecasts, None where there is none.
    """

    open_blockers: int
    oldest_blocker_at: datetime | None
    last_activity_at: datetime | None
    end_date: date | None
    time_zone: str
    slipping: int
    finish_by: date | None = None


def health_of(said: ProjectStatus | None, said_reason: str | None, signs: Signs, now: datetime) -> Health:
    """Return the health of a project; `said` is what a manager set, None where nobody did."""
    ruled, reasons = _by_rule(signs, now, completed=said is ProjectStatus.COMPLETED)
    if said is None:
        return Health(ruled, reasons, ruled, reasons)
    return Health(said, (said_reason or "Set by a manager",), ruled, reasons)


def _by_rule(signs: Signs, now: datetime, *, completed: bool) -> tuple[ProjectStatus | None, tuple[str, ...]]:
    blocked = signs.oldest_blocker_at is not None and now - signs.oldest_blocker_at > BLOCKED_AFTER
    risks = tuple(_risks(signs, now, completed))
    if blocked:
        return ProjectStatus.BLOCKED, (_blockers(signs, now), *risks)
    if risks:
        return ProjectStatus.AT_RISK, risks
    if signs.last_activity_at is None:
        return None, ("Nothing has happened here yet",)
    if signs.open_blockers:
        return ProjectStatus.ON_TRACK, (_blockers(signs, now),)
    return ProjectStatus.ON_TRACK, ("Active in the last 7 days and nothing blocked",)


def _risks(signs: Signs, now: datetime, completed: bool) -> list[str]:
    found = []
    if signs.last_activity_at is not None and now - signs.last_activity_at > QUIET_AFTER:
        found.append(f"No activity for {relative(signs.last_activity_at, now).removesuffix(' ago')}")
    if signs.end_date is not None and not completed:
        if signs.end_date < _today(signs.time_zone, now):
            found.append(f"It was to end on {signs.end_date.isoformat()}")
        elif signs.finish_by is not None and signs.finish_by > signs.end_date:
            found.append(f"It is to end on {signs.end_date} and may be done only by {signs.finish_by}")
    if signs.slipping:
        found.append(f"{plural(signs.slipping, 'dependency is', 'dependencies are')} late")
    return found


def _today(time_zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(time_zone)).date()


def _blockers(signs: Signs, now: datetime) -> str:
    opened = f", the oldest from {relative(signs.oldest_blocker_at, now)}" if signs.oldest_blocker_at else ""
    return f"{plural(signs.open_blockers, 'open blocker')}{opened}"
