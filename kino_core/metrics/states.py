"""What changes although nothing happens, because time passes."""

from kino_core.metrics.declaration import Direction, Kind, Metric, Unit

STALLED_AGENTS = Metric(
    "stalled_agents",
    "Stalled agents",
    "Agents that are at work and have begun no task and brought about no commit, test run or finished task for 30 "
    "minutes. At work is who was heard of in the last 4 hours, in whatever way, and whose last word was not that its "
    "task is done; n counts those. As of the end of the period, or of now.",
    Unit.COUNT,
    Direction.DOWN,
    Kind.STATE,
    fact="agent_activity",
    value="coalesce(sum(numerator) FILTER (counted), 0)",
)

METRICS = (STALLED_AGENTS,)
