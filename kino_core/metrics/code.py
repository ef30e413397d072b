"""What comes of commits and pull requests."""

from kino_core.metrics.declaration import Direction, Kind, Metric, Unit

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

PRS_CREATED = Metric(
    "prs_created",
    "Pull requests created by people",
    "Pull requests that people opened in the period, each counted for who opened it; those that agents or automation "
    "opened do not count. A git history does not tell when a pull request was opened, so those known from git alone "
    "are missing input and lower the coverage.",
    Unit.COUNT,
    Direction.NEITHER,
    Kind.SUM,
    fact="pull_request",
    occurred_at="coalesce(opened_at, merged_at)",
    numerator="CASE WHEN opened_at IS NOT NULL THEN 1 END",
    filter="author_kind = 'human' AND coalesce(opened_at, merged_at) IS NOT NULL",
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

PRS_CLOSED_UNMERGED = Metric(
    "prs_closed_unmerged",
    "Pull requests closed unmerged",
    "Pull requests closed without being merged, and not opened anew since, by the day they were closed; n counts those "
    "that were merged too. A git history tells only of what was merged, so pull requests known from git alone are "
    "missing input and lower the coverage.",
    Unit.COUNT,
    Direction.DOWN,
    Kind.SUM,
    fact="pull_request",
    occurred_at="coalesce(merged_at, closed_at)",
    numerator="CASE WHEN opened_at IS NOT NULL THEN CASE WHEN merged_at IS NULL THEN 1 ELSE 0 END END",
    filter="merged_at IS NOT NULL OR closed_at IS NOT NULL",
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

METRICS = (
    COMMITS,
    LINES_ADDED,
    LINES_DELETED,
    PRS_OPENED,
    PRS_CREATED,
    PRS_MERGED,
    PRS_CLOSED_UNMERGED,
    PR_SIZE,
)
