"""How Kino itself keeps up."""

from kino_core.metrics.declaration import Direction, Kind, Metric, ScopeType, Unit

EVENTS_LANDED = Metric(
    "events_landed",
    "Events landed",
    "Events that came in and are in the lake, by the time Kino received them. Those of no project, such as the events "
    "of a repository that nobody has connected, count in the portfolio alone.",
    Unit.COUNT,
    Direction.NEITHER,
    Kind.STATE,
    fact="event",
)

INGEST_LAG_SECONDS = Metric(
    "ingest_lag_seconds",
    "Ingestion lag",
    "How long the event that has waited longest for the lake to read it has been waiting, in seconds; 0 where none "
    "waits. Known of the present alone: in a period that is over there is no data.",
    Unit.SECONDS,
    Direction.DOWN,
    Kind.STATE,
    fact="waiting_event",
    scopes=(ScopeType.PORTFOLIO,),
    value="coalesce(max(numerator) FILTER (counted), 0)",
)

LAKE_AGE_SECONDS = Metric(
    "lake_age_seconds",
    "Age of the lake",
    "How long ago the lake last changed, in seconds, at the end of the period or now. It grows while nothing happens: "
    "whether something waits, the ingestion lag says. Of times whose snapshots were expired there is no data.",
    Unit.SECONDS,
    Direction.DOWN,
    Kind.STATE,
    fact="snapshot",
    scopes=(ScopeType.PORTFOLIO,),
    value="max(numerator)",
)

DEAD_LETTERS = Metric(
    "dead_letters",
    "Dead letters",
    "Events that could not be folded, that nobody has discarded, and that no later try has brought in, whether another "
    "try is due or not. Known of the present alone: in a period that is over there is no data.",
    Unit.COUNT,
    Direction.DOWN,
    Kind.STATE,
    fact="dead_letter",
    scopes=(ScopeType.PORTFOLIO,),
    value="count(*) FILTER (counted)",
)

METRICS = (EVENTS_LANDED, INGEST_LAG_SECONDS, LAKE_AGE_SECONDS, DEAD_LETTERS)
