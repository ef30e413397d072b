"""How a project's health is shown: one of five marks, with a word and a sentence."""

from dataclasses import dataclass

from kino_core.health import Health
from kino_core.project_states import ProjectStatus


@dataclass(frozen=True)
class Status:
    """A status as it is shown: `key` picks icon and colour, `word` says it, `reason` explains it."""

    key: str
    word: str
    reason: str


_SHOWN = {
    ProjectStatus.ON_TRACK: ("on-track", "On track"),
    ProjectStatus.AT_RISK: ("at-risk", "At risk"),
    ProjectStatus.BLOCKED: ("blocked", "Blocked"),
    ProjectStatus.COMPLETED: ("completed", "Completed"),
    None: ("none", "No data"),
}


def status_of(health: Health) -> Status:
    """Return the health as it is shown; where a manager's word and the rule differ, both are."""
    key, word = _SHOWN[health.status]
    reason = "; ".join(health.reasons)
    if health.said:
        reason = f"{reason}. By the rules: {_SHOWN[health.rule_status][1]}, {'; '.join(health.rule_reasons)}"
    return Status(key, word, reason)
