"""Findings: sentences that rules read off the data. Where the data says nothing, the rule returns None."""

from statistics import median

from kino_core.metrics import Direction, ScopeType, Unit
from kino_reports.snapshot import Number, ProjectFacts, Reading, ReportSnapshot
from kino_reports.story import Change, Judgement, Tile
from kino_reports.wording import (
    NO_DATA,
    bounds,
    difference,
    figure,
    named,
    period_name,
    period_word,
    plural,
    short_period,
    step_label,
)

LEAST_N = 5
"""Fewer entities than this carry no judgement, only a number."""

STEADY = 0.05
"""A change smaller than this share is no change worth a sentence."""


def subject(snapshot: ReportSnapshot) -> str:
    """Return whom the sentences are about."""
    return "The portfolio" if snapshot.scope_type is ScopeType.PORTFOLIO else named(snapshot.scope_name)


def before(snapshot: ReportSnapshot) -> str:
    """Return what the period is compared with: `the quarter before`."""
    return f"the {period_word(snapshot.period)} before"


def merged(snapshot: ReportSnapshot, who: str, number: Number) -> str | None:
    """Return how many pull requests were merged against the period before; None without data."""
    return _counted(snapshot, who, number, "merged", "pull request")


def committed(snapshot: ReportSnapshot, who: str, number: Number) -> str | None:
    """Return how many commits were made against the period before; None without data."""
    return _counted(snapshot, who, number, "made", "commit")


def agents_share(snapshot: ReportSnapshot, number: Number) -> str | None:
    """Return the agents' part of the commits with both bounds and the value before; None without data."""
    now = number.now
    if now.value is None:
        return None
    if now.value == 0 and not now.upper:
        return f"None of {plural(now.n, 'commit')} shows evidence of an agent."
    share = figure(now.value, Unit.SHARE)
    if now.upper is not None and figure(now.upper, Unit.SHARE) != share:
        share = f"{share} to {figure(now.upper, Unit.SHARE)}"
    was = number.previous.value
    if was is None:
        since = ""
    elif abs(now.value - was) < 0.01:
        since = f", about as in {period_name(snapshot.period.previous())}"
    else:
        moved = "up" if now.value > was else "down"
        since = f", {moved} from {figure(was, Unit.SHARE)} in {period_name(snapshot.period.previous())}"
    return f"Agents had a hand in {share} of commits{since}."


def blocked(snapshot: ReportSnapshot) -> str | None:
    """Return how many blockers are open and since when; None when there is none."""
    if not snapshot.blockers:
        return None
    count = len(snapshot.blockers)
    oldest = days_open(snapshot, 0)
    if count == 1:
        return f"1 blocker is open, for {plural(oldest, 'day')}." if oldest else "1 blocker is open, since today."
    return f"{count:,} blockers are open, the oldest for {plural(oldest, 'day')}."


def days_open(snapshot: ReportSnapshot, place: int) -> int:
    """Return for how many whole days the blocker at `place` had been open on the report's last day."""
    return max(0, (snapshot.last_day - snapshot.blockers[place].since.date()).days)


def tested(number: Number) -> str | None:
    """Return the share of tests that passed; None without data."""
    if number.now.value is None:
        return None
    passed = figure(number.now.value, Unit.SHARE)
    return f"{passed} of the tests that agents ran passed, in {plural(number.now.n, 'test run')}."


def busiest_step(snapshot: ReportSnapshot, number: Number, noun: str) -> str | None:
    """Return the middle and the busiest step of a series; None with fewer than four steps of data."""
    known = [step for step in number.steps if step.value is not None]
    if len(known) < 4:
        return None
    most = max(known, key=lambda step: (step.value or 0, step.start))
    middle = median(step.value or 0 for step in known)
    when = step_label(most.start, snapshot.step_grain)
    return (
        f"A typical {snapshot.step_grain.value} merged {plural(round(middle), noun)}, "
        f"the busiest ({when}) {figure(most.value, Unit.COUNT)}."
    )


def moved(snapshot: ReportSnapshot) -> str | None:
    """Return how many measures improved and worsened; None when none may be judged."""
    judged = [
        judgement(snapshot.definition(number.key).direction, number.now, number.previous)
        for number in snapshot.numbers
        if comparable(number.now, number.previous)
        and snapshot.definition(number.key).direction is not Direction.NEITHER
    ]
    if not judged or not snapshot.complete:
        return None
    better, worse = judged.count(Judgement.BETTER), judged.count(Judgement.WORSE)
    return (
        f"Of {plural(len(judged), 'measure')} that can be judged against {before(snapshot)}, "
        f"{better or 'none'} improved and {worse or 'none'} worsened."
    )


def comparable(now: Reading, then: Reading) -> bool:
    """Return whether both numbers exist and enough stands behind each to judge the change."""
    return now.value is not None and then.value is not None and min(now.n, then.n) >= LEAST_N


def judgement(direction: Direction, now: Reading, then: Reading) -> Judgement:
    """Return whether the change is good; neutral where no direction is, or too little stands behind it."""
    if direction is Direction.NEITHER or not comparable(now, then) or now.value == then.value:
        return Judgement.NEUTRAL
    rose = (now.value or 0) > (then.value or 0)
    return Judgement.BETTER if rose == (direction is Direction.UP) else Judgement.WORSE


def tile(snapshot: ReportSnapshot, number: Number) -> Tile:
    """Return the key figure of one metric with its changes against the period before and the year before."""
    declared = snapshot.definition(number.key)
    period = snapshot.period
    changes = tuple(
        _change(declared.direction if snapshot.complete else Direction.NEITHER, declared.unit, number.now, then, name)
        for then, name in (
            (number.previous, short_period(period.previous()) if period.grain else "the days before"),
            (number.year_before, short_period(period.year_before()) if period.grain else "a year before"),
        )
    )
    limits = bounds(number.now.lower, number.now.upper, declared.unit)
    return Tile(
        label=declared.label,
        value=figure(number.now.value, declared.unit),
        changes=changes,
        basis=basis(number.now),
        range=f"between {limits.replace(' to ', ' and ')}" if limits and number.now.lower != number.now.upper else None,
    )


def basis(reading: Reading) -> str:
    """Return how much stands behind a number: `n = 1,234, 80.0% covered`."""
    if reading.coverage is None or reading.coverage >= 1:
        return f"n = {reading.n:,}"
    return f"n = {reading.n:,}, {figure(reading.coverage, Unit.SHARE)} covered"


def has_data(facts: ProjectFacts) -> bool:
    """Return whether anything is known of a project in the period or the ones it is compared with."""
    return any(number.known for number in facts.numbers)


def _counted(snapshot: ReportSnapshot, who: str, number: Number, verb: str, noun: str) -> str | None:
    now, was = number.now.value, number.previous.value
    if now is None:
        return None
    told = f"{who} {verb} {plural(now, noun) if now else f'no {noun}s'}"
    if not snapshot.complete:
        rest = "" if was is None else f"; {period_name(snapshot.period.previous())} had {was:,.0f} in all"
        return f"{told} so far{rest}."
    return f"{told}{_against(snapshot, now, was)}."


def _against(snapshot: ReportSnapshot, now: float, was: float | None) -> str:
    then = period_name(snapshot.period.previous()) if snapshot.period.grain else before(snapshot)
    if was is None:
        return f" in {period_name(snapshot.period)}"
    if was == 0:
        return f", after none in {then}"
    if now == 0:
        return f", after {was:,.0f} in {then}"
    if abs(now - was) / was < STEADY:
        return f", about as many as in {then}"
    change = abs(now - was) / was
    if change > 2:
        return f", after {was:,.0f} in {then}"
    return f", {change:.0%} {'more' if now > was else 'fewer'} than in {then}"


def _change(direction: Direction, unit: Unit, now: Reading, then: Reading, name: str) -> Change:
    text = difference(now.value, then.value, unit)
    if text is None:
        return Change(f"{name}: {NO_DATA}" if then.value is None else f"{name}: {figure(then.value, unit)}")
    verdict = judgement(direction, now, then)
    word = "" if verdict is Judgement.NEUTRAL else f" · {verdict}"
    return Change(f"{text} on {name}{word}", verdict)
