"""What comes of agents: their share of the work, what they report, what they use up and what becomes of it."""

from kino_core.metrics.declaration import Direction, Kind, Metric, Unit, hours

_LED = (
    "An agent’s event leads to a pull request of its own project’s repositories by a commit that it names (its hash, "
    "or the first seven characters or more), by the pull request’s number or address, or by the branch in its "
    "repository."
)
_ONCE = (
    "Usage that was told several times under one request id counts once, when it was first told, with the last word on "
    "how much it was."
)
_OF_SESSIONS = (
    "n counts quarter hours of sessions (or of tasks, where no session is named) that told of any, and the coverage is "
    "their share of all in which agents were heard of: capture_rate says how many sessions told of their usage at all."
)

AGENT_COMMIT_SHARE = Metric(
    "agent_commit_share",
    "Agents’ share of commits",
    "Of commits that are neither merges nor automation, the share with evidence of an agent (its author or a "
    "co-author trailer). That is the lower bound and the value; the upper bound adds commits without evidence "
    "whose author had an agent-marked commit or an agent session in the 30 days before.",
    Unit.SHARE,
    Direction.NEITHER,
    Kind.RATIO,
    fact="commit",
    occurred_at="committed_at",
    numerator="CASE WHEN agent_marked THEN 1 ELSE 0 END",
    denominator="1",
    upper="CASE WHEN agent_marked OR author_recently_with_agent THEN 1 ELSE 0 END",
    filter="parent_count < 2 AND author_kind <> 'automation'",
)

AGENT_PR_SHARE = Metric(
    "agent_pr_share",
    "Agents’ share of pull requests",
    "Of merged pull requests not opened by automation, the share with evidence of an agent (any commit, the "
    "author, a label or the branch name). That is the lower bound and the value; the upper bound adds those whose "
    "author had an agent-marked commit or an agent session in the 30 days before the merge.",
    Unit.SHARE,
    Direction.NEITHER,
    Kind.RATIO,
    fact="pull_request",
    occurred_at="merged_at",
    numerator="CASE WHEN agent_marked THEN 1 ELSE 0 END",
    denominator="1",
    upper="CASE WHEN agent_marked OR author_recently_with_agent THEN 1 ELSE 0 END",
    filter="merged_at IS NOT NULL AND author_kind IS DISTINCT FROM 'automation'",
)

AGENT_ACTIVITIES = Metric(
    "agent_activities",
    "Agent activities",
    "Events that agents sent, by the time they say they happened.",
    Unit.COUNT,
    Direction.NEITHER,
    Kind.SUM,
    fact="agent_activity",
    occurred_at="occurred_at",
)

AGENT_SESSIONS = Metric(
    "agent_sessions",
    "Agent sessions",
    "Sessions that agents named (session_id), each by its earliest event. The same id of two agents, or in two "
    "projects, is two sessions; what was told without one belongs to none.",
    Unit.COUNT,
    Direction.NEITHER,
    Kind.SUM,
    fact="agent_quarter",
    filter="begins_sitting AND session_id IS NOT NULL",
)

AGENT_ACTIVE_HOURS = Metric(
    "agent_active_hours",
    "Agents’ active hours",
    "Clock hours (UTC) in which an agent told of anything in a project, added up over agents and projects; each counts "
    "whole, on the day of its first event. An estimate: an hour of one event counts as much as one of many, and what "
    "an agent does between its events is not seen.",
    Unit.HOURS,
    Direction.NEITHER,
    Kind.SUM,
    fact="agent_quarter",
    filter="begins_hour",
)

TASKS_STARTED = Metric(
    "tasks_started",
    "Tasks started",
    "Tasks whose first task_started event falls in the period.",
    Unit.COUNT,
    Direction.NEITHER,
    Kind.SUM,
    fact="task",
    occurred_at="started_at",
    filter="started_at IS NOT NULL",
)

TASKS_COMPLETED = Metric(
    "tasks_completed",
    "Tasks completed",
    "Tasks whose last task_completed event falls in the period.",
    Unit.COUNT,
    Direction.UP,
    Kind.SUM,
    fact="task",
    occurred_at="completed_at",
    filter="completed_at IS NOT NULL",
)

TASK_SUCCESS_RATE = Metric(
    "task_success_rate",
    "Task success rate",
    "Tasks that succeeded ÷ tasks that ended, by the day of the last task_completed. One has succeeded when that event "
    "does not say otherwise (success: false, or a status or reason such as failed or aborted), when it left no blocker "
    "open that the task had reported, and, where the task’s events lead to pull requests, when one of them was merged "
    "and none was reverted within 7 days of its merge, by a commit Revert “…” of its title or of one of its commits. "
    "While all that is not closed is still open, it is not known and lowers the coverage. " + _LED,
    Unit.SHARE,
    Direction.UP,
    Kind.RATIO,
    fact="task",
    occurred_at="completed_at",
    numerator="CASE WHEN succeeded THEN 1 WHEN NOT succeeded THEN 0 END",
    denominator="CASE WHEN succeeded IS NOT NULL THEN 1 END",
    filter="completed_at IS NOT NULL",
)

TASK_DURATION = Metric(
    "task_duration",
    "Task duration",
    "Median time from a task’s first task_started to its last task_completed, by the day of the latter, nights and "
    "waiting included. Where nobody told of the start, or the end is before it, the input is missing.",
    Unit.HOURS,
    Direction.DOWN,
    Kind.MEDIAN,
    fact="task",
    occurred_at="completed_at",
    numerator=hours("started_at", "completed_at"),
    filter="completed_at IS NOT NULL",
)

HUMAN_INTERVENTION_RATE = Metric(
    "human_intervention_rate",
    "Human intervention rate",
    "Tasks in which a person had a hand ÷ tasks, by the day of the first task_started, or of the end where no start "
    "was told: at least one permission prompt (a blocker whose reason or notification_type says so), review by a "
    "person that asked for changes on a pull request of the task, or commit of a person that came in with one. A "
    "person’s commit is one that no agent signed and none reported, merges aside; what a squash melted in is not seen. "
    "A task that goes on counts with what has happened so far. " + _LED,
    Unit.SHARE,
    Direction.NEITHER,
    Kind.RATIO,
    fact="task",
    occurred_at="coalesce(started_at, completed_at)",
    numerator="CASE WHEN intervened THEN 1 ELSE 0 END",
    denominator="1",
)

TEST_PASS_RATE = Metric(
    "test_pass_rate",
    "Test pass rate",
    "Tests passed ÷ (passed + failed) of the test runs that agents reported; skipped tests do not count.",
    Unit.SHARE,
    Direction.UP,
    Kind.RATIO,
    fact="test_run",
    occurred_at="occurred_at",
    numerator="passed",
    denominator="passed + failed",
)

BLOCKERS_OPEN = Metric(
    "blockers_open",
    "Open blockers",
    "Blockers open at the end of the period. A blocker closes when it is reported resolved, when its task completes, "
    "or when a person closes it.",
    Unit.COUNT,
    Direction.DOWN,
    Kind.LEVEL,
    fact="blocker_change",
    occurred_at="occurred_at",
    numerator="change",
)

TIME_TO_UNBLOCK = Metric(
    "time_to_unblock",
    "Time to unblock",
    "Median time from when a blocker opened to when it closed, by the day it closed: reported resolved, closed by a "
    "person, or by the end of its task. One that opened again counts again; what is still open is not in it.",
    Unit.HOURS,
    Direction.DOWN,
    Kind.MEDIAN,
    fact="blocker_change",
    numerator=hours("opened_at", "occurred_at"),
    filter="change < 0",
)


def _tokens(kind: str, label: str, words: str) -> Metric:
    return Metric(
        f"tokens_{kind}",
        label,
        f"Tokens that agents told they {words}, by the time they told it. {_ONCE} {_OF_SESSIONS}",
        Unit.TOKENS,
        Direction.NEITHER,
        Kind.SUM,
        fact="agent_quarter",
        numerator=f"{kind}_tokens",
    )


TOKENS_INPUT = _tokens("input", "Input tokens", "read")
TOKENS_OUTPUT = _tokens("output", "Output tokens", "wrote")
TOKENS_CACHED = _tokens("cached", "Cached tokens", "had read for them from a cache")

COST_USD = Metric(
    "cost_usd",
    "Cost of agents",
    f"US dollars that agents told they cost (usage.cost_usd), by the time they told it. {_ONCE} Nothing is worked "
    f"out from tokens. {_OF_SESSIONS}",
    Unit.DOLLARS,
    Direction.NEITHER,
    Kind.SUM,
    fact="agent_quarter",
    numerator="cost_usd",
)

CAPTURE_RATE = Metric(
    "capture_rate",
    "Sessions that report usage",
    "Agent sessions that told of any usage, tokens or cost ÷ agent sessions known, by their earliest event: how far "
    "tokens and costs can be trusted.",
    Unit.SHARE,
    Direction.UP,
    Kind.RATIO,
    fact="agent_quarter",
    numerator="CASE WHEN told_usage THEN 1 ELSE 0 END",
    denominator="1",
    filter="begins_sitting AND session_id IS NOT NULL",
)

COST_PER_MERGED_PR = Metric(
    "cost_per_merged_pr",
    "Cost per merged pull request",
    "US dollars that agents told they spent on merged pull requests ÷ those pull requests, by the day of the merge. A "
    "pull request that nobody told of any spending on, be it a person’s alone, is missing input and lowers the "
    "coverage. Spending goes to one pull request: that which its event leads to, or else its task, or else its "
    f"session; of several the one merged next, or, where none was merged later, last. {_LED} Of several agents a pull "
    "request counts for the one who spent most.",
    Unit.DOLLARS,
    Direction.DOWN,
    Kind.QUOTIENT,
    fact="pull_request_cost",
    occurred_at="merged_at",
    numerator="cost_usd",
    denominator="CASE WHEN cost_usd IS NOT NULL THEN 1 END",
)

COST_UNMERGED = Metric(
    "cost_unmerged",
    "Cost of unmerged work",
    "US dollars that agents told they spent on work that was not merged 14 days after, by the moment those 14 days are "
    "over; what is not over yet is in none. A merge that comes later does not take it back. Work that leads to no pull "
    "request counts as not merged, so agents that name neither commit, branch nor pull request make it too high. n "
    f"counts the usage whose 14 days ended in the period. {_LED}",
    Unit.DOLLARS,
    Direction.DOWN,
    Kind.STATE,
    fact="agent_usage",
    value="coalesce(sum(numerator) FILTER (counted), 0)",
)

METRICS = (
    AGENT_COMMIT_SHARE,
    AGENT_PR_SHARE,
    AGENT_ACTIVITIES,
    AGENT_SESSIONS,
    AGENT_ACTIVE_HOURS,
    TASKS_STARTED,
    TASKS_COMPLETED,
    TASK_SUCCESS_RATE,
    TASK_DURATION,
    HUMAN_INTERVENTION_RATE,
    TEST_PASS_RATE,
    BLOCKERS_OPEN,
    TIME_TO_UNBLOCK,
    TOKENS_INPUT,
    TOKENS_OUTPUT,
    TOKENS_CACHED,
    COST_USD,
    CAPTURE_RATE,
    COST_PER_MERGED_PR,
    COST_UNMERGED,
)
