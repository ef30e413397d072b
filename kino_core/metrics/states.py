"""What changes although nothing happens, because time passes."""

from kino_core.metrics.declaration import Direction, Kind, Metric, ScopeType, Unit

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

WAITING_ON_THEM = Metric(
    "waiting_on_them",
    "Reviews that wait",
    "Open pull requests whose review was asked of the person and neither given nor taken back, by what GitHub tells "
    "of requests; in other scopes those that wait for anybody’s. A request to a team is nobody’s. Before GitHub told "
    "of any request there is no data. As of the end of the period, or of now.",
    Unit.COUNT,
    Direction.DOWN,
    Kind.STATE,
    fact="review_request",
    also=("pull_request",),
    value="count(*) FILTER (counted)",
    details=(("oldest_at", "min(occurred_at) FILTER (counted)"),),
)

TREND = Metric(
    "trend",
    "Trend",
    "How many more pull requests are merged each week than in the week before, over the last 8 weeks that are over: "
    "the median of the changes a week between all pairs of weeks (Theil and Sen). Whether that is more than chance "
    "(Mann and Kendall, p < 0.1) the details say: improving, worsening or flat. There is none before 8 weeks with "
    "data. It is there to find who needs support, and never to compare people.",
    Unit.PER_WEEK,
    Direction.UP,
    Kind.STATE,
    fact="pull_request",
    trend_of="prs_merged",
    signed=True,
)

NEEDS_SUPPORT = Metric(
    "needs_support",
    "Signs of needing support",
    "How many of three signs there are that a person is held up: 3 or more reviews wait for them, or one has for more "
    "than 3 days; pull requests of theirs have been open for more than 7 days; the share of their work that is done "
    "again has risen over the last 8 weeks by more than chance. Each sign is a reason in words. Only the person, the "
    "leaders of their projects and managers see it; it is there to offer help, and never to compare people.",
    Unit.COUNT,
    Direction.DOWN,
    Kind.STATE,
    fact="review_request",
    also=("pull_request",),
    scopes=(ScopeType.PERSON,),
)

METRICS = (STALLED_AGENTS, WAITING_ON_THEM, TREND, NEEDS_SUPPORT)
