import uuid
from datetime import UTC, datetime, timedelta

import pytest

from dashboards.health import Status
from dashboards.portfolio_table import Row, columns, concerns, in_order, matching, statement, table_url

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATUS = {
    "blocked": Status("blocked", "Blocked", "2 open blockers"),
    "at-risk": Status("at-risk", "At risk", "No activity for 9 days"),
    "on-track": Status("on-track", "On track", "Active"),
}


def row(name: str, *, status: str = "on-track", blockers: int = 0, commits: int | None = 1, group: str | None = None,
        quiet_days: int = 0) -> Row:  # fmt: skip
    return Row(
        id=uuid.uuid5(uuid.NAMESPACE_DNS, name),
        name=name,
        initiative=group,
        status=STATUS[status],
        people=1,
        agents=0,
        all_commits=commits or 0,
        commits=commits,
        blockers=blockers,
        weeks=(1, 2),
        top=2,
        last_activity_at=NOW - timedelta(days=quiet_days),
    )


ROWS = [
    row("Alpha", commits=5),
    row("beta", commits=None, status="at-risk", quiet_days=9),
    row("Gamma", commits=9, status="blocked", blockers=2, group="Speed"),
    row("Delta", commits=1, blockers=1, group="speed"),
]


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["Delta", "Gamma", "Alpha", "beta"]),
        ("-name", ["Gamma", "Delta", "beta", "Alpha"]),
        ("commits", ["Gamma", "Delta", "Alpha", "beta"]),
        ("-commits", ["Delta", "Gamma", "beta", "Alpha"]),
        ("status", ["Gamma", "Delta", "beta", "Alpha"]),
        ("activity", ["Delta", "Gamma", "Alpha", "beta"]),
        ("trend", ["Delta", "Gamma", "Alpha", "beta"]),
        ("nonsense", ["Delta", "Gamma", "Alpha", "beta"]),
    ],
)
def test_initiatives_come_first_and_their_projects_by_the_column(sort: str, names: list[str]) -> None:
    assert [each.name for each in in_order(ROWS, sort)] == names


def test_every_word_must_be_found_in_name_or_initiative() -> None:
    assert [each.name for each in matching(ROWS, "SPEED gam")] == ["Gamma"]
    assert len(matching(ROWS, "  ")) == 4


def test_a_heading_turns_its_order_round() -> None:
    commits = next(column for column in columns("a b", "commits") if column.label == "This month")
    assert (commits.sorted, commits.href) == ("descending", "/?q=a+b&sort=-commits")
    assert columns("", "nonsense")[0].sorted is None


def test_the_blocked_come_before_the_quiet() -> None:
    assert [(each.project, each.word) for each in concerns(ROWS)] == [
        ("Gamma", "Blocked"),
        ("Delta", "Open blocker"),
        ("beta", "At risk"),
    ]


def test_the_portfolio_in_a_sentence() -> None:
    assert statement(ROWS, NOW) == "4 projects, 3 active in the last 7 days, 1 blocked, 1 at risk."
    assert statement(ROWS[:1], NOW) == "1 project, 1 active in the last 7 days, none blocked or at risk."


def test_addresses_leave_out_what_is_as_usual() -> None:
    assert table_url() == "/"
    assert table_url(query="a&b", sort="-name", page=2) == "/?q=a%26b&sort=-name&page=2"
