"""What comes of coverage reports, checks and alerts."""

from kino_core.metrics.declaration import Direction, Kind, Metric, Unit

COVERAGE_AVG = Metric(
    "coverage_avg",
    "Test coverage",
    "Average coverage of merged pull requests with a coverage report, by merge date; those without lower the "
    "coverage of the number. A report belongs to a pull request by the full hash of one of its commits, and the last "
    "one counts: an agent’s test run of the repository’s project with `coverage` (a share up to 1, else percent) or "
    "`coverage_percent`, or Codecov’s check or status on the project.",
    Unit.SHARE,
    Direction.UP,
    Kind.RATIO,
    fact="pull_request_outcome",
    occurred_at="merged_at",
    numerator="coverage",
    denominator="CASE WHEN coverage IS NOT NULL THEN 1 END",
)

FLAKY_TESTS = Metric(
    "flaky_tests",
    "Flaky tests",
    "Checks of GitHub and named test suites of agents that both passed and failed on the same commit, by the time at "
    "which the result changed; n counts every pair of a check and a commit. What ran is known by its name alone, and "
    "an agent’s test run is taken to be of the commit that it names.",
    Unit.COUNT,
    Direction.DOWN,
    Kind.SUM,
    fact="tested_commit",
    occurred_at="occurred_at",
    numerator="CASE WHEN passed_at IS NOT NULL AND failed_at IS NOT NULL THEN 1 ELSE 0 END",
)

ISSUES_INTRODUCED = Metric(
    "issues_introduced",
    "Issues introduced",
    "Security and static analysis alerts whose first detection was on a pull request, by the time of the alert; a "
    "person’s are those of the pull requests they opened. GitHub tells the pull request or the commit for code "
    "scanning alone: other alerts, and those of which Kino did not hear from the beginning, are missing input and "
    "lower the coverage.",
    Unit.COUNT,
    Direction.DOWN,
    Kind.SUM,
    fact="alert_origin",
    occurred_at="occurred_at",
    numerator="CASE WHEN pull_request IS NOT NULL THEN 1 END",
    filter="role = 'introduced'",
)

ISSUES_FIXED = Metric(
    "issues_fixed",
    "Issues fixed",
    "Security and static analysis alerts that are fixed, not dismissed, and whose fix was detected on a pull request, "
    "by the time of the fix; a person’s are those of the pull requests they opened. GitHub tells the pull request or "
    "the commit for code scanning alone: other alerts are missing input and lower the coverage.",
    Unit.COUNT,
    Direction.UP,
    Kind.SUM,
    fact="alert_origin",
    occurred_at="occurred_at",
    numerator="CASE WHEN pull_request IS NOT NULL THEN 1 END",
    filter="role = 'fixed'",
)

_SEVERITIES = ("critical", "high", "medium", "low")
_CLASSES = {
    "security": (
        "security issues",
        "alerts of Dependabot and secret scanning, and those of code scanning whose rule has a security severity. A "
        "leaked secret is critical, moderate is medium.",
    ),
    "static": (
        "static analysis issues",
        "alerts of code scanning whose rule has no security severity. An error is high, a warning medium, a note low; "
        "critical are those that their tool calls so.",
    ),
}


def _open_alerts(kind: str, severity: str) -> Metric:
    """Return the metric of open alerts of a kind and severity; those of another severity count as none of it."""
    name, meaning = _CLASSES[kind]
    return Metric(
        f"{kind}_issues_{severity}",
        f"{severity.capitalize()} {name}",
        f"{severity.capitalize()} {name} open at the end of the period: {meaning} An alert opens when GitHub says that "
        "it was created and closes when it is fixed, dismissed or resolved, for all of the repository’s branches.",
        Unit.COUNT,
        Direction.DOWN,
        Kind.LEVEL,
        fact="alert_change",
        occurred_at="occurred_at",
        numerator=f"CASE WHEN severity IS NOT NULL THEN CASE WHEN severity = '{severity}' THEN change ELSE 0 END END",
        filter=f"class = '{kind}'",
    )


METRICS = (
    COVERAGE_AVG,
    FLAKY_TESTS,
    ISSUES_INTRODUCED,
    ISSUES_FIXED,
    *(_open_alerts(kind, severity) for kind in _CLASSES for severity in _SEVERITIES),
)
