import shlex
from datetime import UTC, datetime, timedelta

import pytest

from dashboards.project_words import connect, default_period, statement
from kino_core.gold import PORTFOLIO, MetricValue
from kino_core.metrics import metric
from kino_core.periods import parse_period

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUARTER = parse_period("2026-Q4")


def values(**given: float | None) -> dict[str, MetricValue]:
    return {
        key: MetricValue(metric(key), PORTFOLIO, QUARTER, value, 9, 1.0, value, value, NOW, 1)
        for key, value in given.items()
    }


def test_the_statement_says_what_there_is() -> None:
    found = values(commits=1, prs_merged=2, agent_commit_share=0.25)
    said = statement(found, QUARTER, 2, NOW - timedelta(hours=2), NOW)
    assert said.replace("\N{NARROW NO-BREAK SPACE}", " ") == (
        "1 commit and 2 merged pull requests in Q4 2026 so far; agents left evidence on 25.0 % of commits. "
        "2 open blockers, last activity 2 hours ago."
    )


def test_the_statement_leaves_out_what_is_missing() -> None:
    assert statement(values(commits=None), QUARTER, 0, None, NOW) == "Nothing has happened yet."
    assert statement({}, QUARTER, 0, NOW, NOW) == "Nothing blocked, last activity just now."
    assert "so far" not in statement(values(commits=3), parse_period("2026-Q3"), 0, NOW, NOW)


@pytest.mark.parametrize(
    ("last", "quarter"), [(None, "2026-Q4"), (NOW, "2026-Q4"), (datetime(2025, 2, 1, tzinfo=UTC), "2025-Q1")]
)
def test_a_page_opens_on_the_quarter_of_its_last_activity(last: datetime | None, quarter: str) -> None:
    assert str(default_period(last, NOW)) == quarter


@pytest.mark.parametrize("name", ["Engine", "Ada's engine", "O'Neill & Sons (new)"])
def test_a_shell_reads_the_command_with_any_name(name: str) -> None:
    commands = connect(name, "http://localhost:8000")
    assert shlex.split(commands["token_command"])[-1] == name
    assert shlex.split(commands["curl"])[1] == "http://localhost:8000/webhooks/agent-update"
