"""How much a project matters and how it stands: the words that people and rules use."""

from enum import StrEnum


class Priority(StrEnum):
    """How much a project matters."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class ProjectStatus(StrEnum):
    """How a project stands: what a manager says, or what the rule says."""

    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    BLOCKED = "BLOCKED"
    COMPLETED = "COMPLETED"
