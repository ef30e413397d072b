"""What changes although nothing happens, because time passes."""

from kino_core.metrics.declaration import Direction, Kind, Metric, ScopeType, Unit

_PLANNED = (ScopeType.PORTFOLIO, ScopeType.INITIATIVE, ScopeType.PROJECT)

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

COVERAGE_TREND = Metric(
    "coverage_trend",
    "Trend of the coverage",
    "By how much the average coverage of merged pull requests rises from week to week, over the last 8 weeks that are "
    "over: the median of the changes a week between all pairs of weeks (Theil and Sen). Whether that is more than "
    "chance (Mann and Kendall, p < 0.1) the details say: improving, worsening or flat. None unless each of the "
    "8 weeks has a merged pull request with a coverage report.",
    Unit.SHARE,
    Direction.UP,
    Kind.STATE,
    fact="pull_request_outcome",
    trend_of="coverage_avg",
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

AGING_WIP_DAYS = Metric(
    "aging_wip_days",
    "Age of the oldest work in progress",
    "For how many days the oldest of the scope items in progress or blocked has been under way, at the end of the "
    "period or now: since it was started, or since it is in progress where its start is unknown. The line to compare "
    "it with is in the details: how long 85 of 100 items took that are done. Without items in progress there is no "
    "data.",
    Unit.DAYS,
    Direction.DOWN,
    Kind.STATE,
    fact="scope_change",
    value="max(numerator) FILTER (counted)",
    details=(("p85_cycle_time_days", "quantile_cont(numerator, 0.85) FILTER (NOT counted)"),),
)

FORECAST_FINISH = Metric(
    "forecast_finish",
    "Forecast of the finish",
    "In how many days from the end of the period, or from now, all scope items that remain are done in 85 of 100 "
    "draws; the details have that day (p85) and the one of half of the draws (p50). Monte Carlo: 10,000 times, with "
    "a fixed seed, week after week is drawn from the last 12 weeks (of seven days, counted back from the moment) by "
    "how many items were completed in each. There is none with fewer than 4 weeks since the first item was begun, "
    "without a completed item in them, or where 15 of 100 draws are not done in ten years. Where nothing remains it "
    "is 0, and the day is that of the last completion.",
    Unit.DAYS,
    Direction.DOWN,
    Kind.STATE,
    fact="scope_change",
    scopes=_PLANNED,
)

SCHEDULE_VARIANCE_DAYS = Metric(
    "schedule_variance_days",
    "Schedule variance",
    "How many days after the project’s planned end its work is done in 85 of 100 draws of the forecast, or was done; "
    "before it where negative. Without a planned end or a forecast there is no data.",
    Unit.DAYS,
    Direction.DOWN,
    Kind.STATE,
    fact="scope_change",
    also=("project_status",),
    signed=True,
    scopes=(ScopeType.PROJECT,),
)

STATUS_AGE_DAYS = Metric(
    "status_age_days",
    "Age of the status",
    "How many days ago somebody last changed the status of the project, at the end of the period or now; of several "
    "projects, the oldest. Projects that are archived or completed, or whose status nobody ever set, do not count.",
    Unit.DAYS,
    Direction.DOWN,
    Kind.STATE,
    fact="project_status",
    value="max(numerator) FILTER (counted)",
    scopes=_PLANNED,
)

UPDATE_AGE_DAYS = Metric(
    "update_age_days",
    "Age of the last update",
    "How many days ago the project’s last written update was submitted, at the end of the period or now; of several "
    "projects, the oldest of their last ones. An update that was deleted by then is none. Projects that are archived "
    "or completed, or of which nobody ever wrote, do not count.",
    Unit.DAYS,
    Direction.DOWN,
    Kind.STATE,
    fact="project_update",
    also=("project_status",),
    value="max(numerator) FILTER (counted)",
    scopes=_PLANNED,
)

HEALTH = Metric(
    "health",
    "Health",
    "How the project stands, at the end of the period or now: 2, blocked, when an open blocker is older than 24 hours; "
    "1, at risk, when nothing has happened in it for 7 days, its end date has passed, 85 of 100 draws of the forecast "
    "end only after it, or something that it waits for is late; 0, on track, else. A status that a manager set is what "
    "holds (completed is 0 too); the details have both it and what the rules say, each with its reasons. Without any "
    "activity or status there is no data.",
    Unit.GRAVITY,
    Direction.DOWN,
    Kind.STATE,
    fact="project_status",
    also=("scope_change", "scope_item", "blocker_change", "agent_activity", "commit", "dependency"),
    scopes=(ScopeType.PROJECT,),
)

METRICS = (
    HEALTH,
    FORECAST_FINISH,
    SCHEDULE_VARIANCE_DAYS,
    AGING_WIP_DAYS,
    STATUS_AGE_DAYS,
    UPDATE_AGE_DAYS,
    STALLED_AGENTS,
    WAITING_ON_THEM,
    TREND,
    COVERAGE_TREND,
    NEEDS_SUPPORT,
)
