"""Every metric, declared once; gold, the API, the pages, the reports and the docs all read it from here."""

from dataclasses import dataclass
from enum import StrEnum

from kino_core.errors import NotFound


class Unit(StrEnum):
    """What a value is counted in."""

    COUNT = "count"
    LINES = "lines"
    SHARE = "share"


class Direction(StrEnum):
    """Which way is better, where one is."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Kind(StrEnum):
    """How a period's value follows from its measurements.

    SUM adds numerators; RATIO divides their sum by the sum of denominators; MEDIAN takes the median of
    numerators; LEVEL adds every change up to the period's end, so it says how many there are then.
    """

    SUM = "sum"
    RATIO = "ratio"
    MEDIAN = "median"
    LEVEL = "level"


class ScopeType(StrEnum):
    """Whose number it is."""

    PORTFOLIO = "portfolio"
    INITIATIVE = "initiative"
    PROJECT = "project"
    REPOSITORY = "repository"
    PERSON = "person"
    AGENT = "agent"
    AGENT_TYPE = "agent_type"


@dataclass(frozen=True)
class Metric:
    """One metric: what people read about it, and how a row of its fact table is measured.

    `numerator`, `denominator`, `upper` and `filter` are DuckDB expressions over a row of `silver.<fact>`;
    a null numerator means that the input is missing and lowers the coverage. `occurred_at` is the fact's column
    whose day the measurement belongs to.
    """

    key: str
    label: str
    definition: str
    unit: Unit
    direction: Direction
    kind: Kind
    fact: str
    occurred_at: str
    numerator: str = "1"
    denominator: str = "NULL"
    upper: str = "NULL"
    filter: str = "true"
    version: int = 1


COMMITS = Metric(
    "commits",
    "Commits",
    "All commits, merges included, by committer date.",
    Unit.COUNT,
    Direction.NEITHER,
    Kind.SUM,
    fact="commit",
    occurred_at="committed_at",
)

LINES_ADDED = Metric(
    "lines_added",
    "Lines added",
    "Lines added by commits as git's numstat counts them, binary files excluded, by committer date.",
    Unit.LINES,
    Direction.NEITHER,
    Kind.SUM,
    fact="commit",
    occurred_at="committed_at",
    numerator="lines_added",
)

LINES_DELETED = Metric(
    "lines_deleted",
    "Lines deleted",
    "Lines deleted by commits as git's numstat counts them, binary files excluded, by committer date.",
    Unit.LINES,
    Direction.NEITHER,
    Kind.SUM,
    fact="commit",
    occurred_at="committed_at",
    numerator="lines_deleted",
)

PRS_OPENED = Metric(
    "prs_opened",
    "Pull requests opened",
    "Pull requests opened in the period. A git history does not tell when a pull request was opened, "
    "so those known from git alone are missing input and lower the coverage.",
    Unit.COUNT,
    Direction.NEITHER,
    Kind.SUM,
    fact="pull_request",
    occurred_at="coalesce(opened_at, merged_at)",
    numerator="CASE WHEN opened_at IS NOT NULL THEN 1 END",
    filter="opened_at IS NOT NULL OR merged_at IS NOT NULL",
)

PRS_MERGED = Metric(
    "prs_merged",
    "Pull requests merged",
    "Pull requests merged in the period. In a git history that is the earliest commit (by committer date, then "
    "hash) whose subject is “Merge pull request #N from …” or ends in “(#N)”, merged at its committer date.",
    Unit.COUNT,
    Direction.UP,
    Kind.SUM,
    fact="pull_request",
    occurred_at="merged_at",
    filter="merged_at IS NOT NULL",
)

PR_SIZE = Metric(
    "pr_size",
    "Pull request size",
    "Median of lines added plus deleted by merged pull requests, without lock files, generated and vendored "
    "paths, by merge date.",
    Unit.LINES,
    Direction.DOWN,
    Kind.MEDIAN,
    fact="pull_request",
    occurred_at="merged_at",
    numerator="size_lines",
    filter="merged_at IS NOT NULL",
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

METRICS: tuple[Metric, ...] = (
    COMMITS,
    LINES_ADDED,
    LINES_DELETED,
    PRS_OPENED,
    PRS_MERGED,
    PR_SIZE,
    AGENT_COMMIT_SHARE,
    AGENT_PR_SHARE,
    AGENT_ACTIVITIES,
    TASKS_STARTED,
    TASKS_COMPLETED,
    TEST_PASS_RATE,
    BLOCKERS_OPEN,
)


class UnknownMetric(NotFound):
    """No metric has that key."""

    code = "UNKNOWN_METRIC"


def metric(key: str) -> Metric:
    """Return the metric named `key`; raises UnknownMetric with the keys that exist."""
    for declared in METRICS:
        if declared.key == key:
            return declared
    known = ", ".join(declared.key for declared in METRICS)
    raise UnknownMetric(f"There is no metric {key!r}. Known metrics: {known}.")
