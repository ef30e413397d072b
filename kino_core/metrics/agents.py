"""What comes of agents: their share of the work, and what they report."""

from kino_core.metrics.declaration import Direction, Kind, Metric, Unit

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

METRICS = (
    AGENT_COMMIT_SHARE,
    AGENT_PR_SHARE,
    AGENT_ACTIVITIES,
    TASKS_STARTED,
    TASKS_COMPLETED,
    TEST_PASS_RATE,
    BLOCKERS_OPEN,
)
