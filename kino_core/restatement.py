"""What became of a number since somebody read it: its value then and now, and what came in or went between."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from kino_core.errors import InvalidInput
from kino_core.gold import Evidence, Gold, MetricValue, open_gold
from kino_core.periods import Period
from kino_core.scope import Scope
from kino_core.settings import Settings

MOST_EVIDENCE = 100_000


@dataclass(frozen=True)
class Restatement:
    """One number at two snapshots; `appeared` and `gone` are what stands behind the one and not behind the other.

    Something that counts differently now is in both, as it was and as it is.
    """

    then: MetricValue
    now: MetricValue
    appeared: list[Evidence]
    gone: list[Evidence]


class TooMuchEvidence(InvalidInput):
    """More stands behind a number than can be compared piece by piece."""

    code = "TOO_MUCH_EVIDENCE"


def restated(
    settings: Settings,
    key: str,
    scope: Scope,
    period: Period,
    since: datetime,
    *,
    projects: Collection[uuid.UUID] | None = None,
) -> Restatement:
    """Return what became of metric `key` of `scope` in `period` since the moment `since`.

    `projects` leaves only evidence of one of them. Raises NoSnapshot, UnknownMetric and TooMuchEvidence.
    """
    with open_gold(settings, since) as gold:
        then, before = gold.value(key, scope, period, projects=projects), _evidence(gold, key, scope, period, projects)
    with open_gold(settings) as gold:
        now, after = gold.value(key, scope, period, projects=projects), _evidence(gold, key, scope, period, projects)
    known, held = set(before), set(after)
    return Restatement(
        then=then,
        now=now,
        appeared=[each for each in after if each not in known],
        gone=[each for each in before if each not in held],
    )


def _evidence(
    gold: Gold, key: str, scope: Scope, period: Period, projects: Collection[uuid.UUID] | None
) -> list[Evidence]:
    found = gold.explain(key, scope, period, MOST_EVIDENCE + 1, projects=projects)
    if len(found) > MOST_EVIDENCE:
        raise TooMuchEvidence(
            f"More than {MOST_EVIDENCE:,} things stand behind this number. Ask for a shorter period or one project.",
            field="period",
        )
    return found
