"""How work flows: what projects are to deliver, and how far they are with it."""

from kino_core.metrics.declaration import Direction, Kind, Metric, Unit

PROGRESS = Metric(
    "progress",
    "Progress",
    "Scope items completed ÷ all scope items that are not cancelled, at the end of the period. An item counts from the "
    "moment it is added until it is deleted.",
    Unit.SHARE,
    Direction.UP,
    Kind.LEVEL_RATIO,
    fact="scope_change",
    occurred_at="occurred_at",
    numerator="completed",
    denominator="scope",
)

THROUGHPUT = Metric(
    "throughput",
    "Throughput",
    "Scope items completed in the period. An item counts once, when it was completed last; one that is not done any "
    "more does not count, one that was deleted when it was done does.",
    Unit.COUNT,
    Direction.UP,
    Kind.SUM,
    fact="scope_item",
    occurred_at="completed_at",
    filter="completed_at IS NOT NULL",
)

WORK_IN_PROGRESS = Metric(
    "work_in_progress",
    "Work in progress",
    "Scope items in progress or blocked at the end of the period.",
    Unit.COUNT,
    Direction.DOWN,
    Kind.LEVEL,
    fact="scope_change",
    occurred_at="occurred_at",
    numerator="in_progress",
)

SCOPE_CYCLE_TIME = Metric(
    "scope_cycle_time",
    "Scope cycle time",
    "Median time from the start of a scope item to its completion, by the day of its completion. An item starts when "
    "an agent first starts its task or a person first says that it is in progress; one that was completed without "
    "either is missing input and lowers the coverage.",
    Unit.HOURS,
    Direction.DOWN,
    Kind.MEDIAN,
    fact="scope_item",
    occurred_at="completed_at",
    numerator="CASE WHEN started_at <= completed_at THEN epoch(completed_at - started_at) / 3600 END",
    filter="completed_at IS NOT NULL",
)

SCOPE_CHANGE = Metric(
    "scope_change",
    "Scope change",
    "Scope items added less those cancelled or deleted since the start ÷ items at the start, at the end of the period. "
    "The start is the end of the project’s first day: its start date, or the day of its first item where that is later "
    "or no start date is set. A cancelled item that is taken up again counts as added.",
    Unit.SHARE,
    Direction.NEITHER,
    Kind.LEVEL_RATIO,
    fact="scope_change",
    # Whatever came before the first day is there when it begins.
    occurred_at="greatest(occurred_at, baseline_at)",
    numerator="CASE WHEN after_baseline THEN scope ELSE 0 END",
    denominator="CASE WHEN after_baseline THEN 0 ELSE scope END",
    filter="scope <> 0",
    signed=True,
)

METRICS = (PROGRESS, THROUGHPUT, WORK_IN_PROGRESS, SCOPE_CYCLE_TIME, SCOPE_CHANGE)
