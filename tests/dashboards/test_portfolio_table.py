import uuid
from datetime import UTC, datetime, timedelta

import pytest

from dashboards.portfolio_facts import read_overview, read_rows
from dashboards.portfolio_table import Order, columns, order_of, statement, table_url
from kino_api.projects import create_project
from kino_api.users import Role, User
from kino_core.database import Database
from kino_core.periods import Grain, Period

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONTH = Period.of(Grain.MONTH, NOW.date())
MANAGER = User(uuid.uuid4(), "mia@example.com", "Mia", Role.MANAGER)


@pytest.fixture
def projects(database: Database) -> dict[str, uuid.UUID]:
    """Alpha works, beta went quiet, Gamma and Delta of one initiative have blockers, an old one and a new one."""
    made = {}
    with database.write() as session:
        for name, group, commits, blocked_hours, quiet_days in (
            ("Alpha", None, 5, None, 0),
            ("beta_1", None, None, None, 9),
            ("Gamma", "Speed", 9, 48, 0),
            ("Delta", "Speed", 1, 1, 0),
        ):
            made[name] = create_project(session, name, group).id
            session.exec_driver_sql(
                "UPDATE kino.project_summary SET agents_report = true, last_activity_at = %(last)s,"
                " open_blockers = %(open)s, oldest_blocker_at = %(oldest)s WHERE project_id = %(id)s",
                {
                    "id": made[name],
                    "last": NOW - timedelta(days=quiet_days),
                    "open": int(blocked_hours is not None),
                    "oldest": None if blocked_hours is None else NOW - timedelta(hours=blocked_hours),
                },
            )
            if commits is not None:
                session.exec_driver_sql(
                    "INSERT INTO kino.metric_value (metric, scope_type, scope_id, period, value, n, as_of, snapshot_id)"
                    " VALUES ('commits', 'project', %s, %s, %s, 1, now(), 1)",
                    (str(made[name]), str(MONTH), commits),
                )
    return made


def named(
    database: Database, text: str = "", sort: str = "name", user: User = MANAGER, skip: int = 0, limit: int = 100
) -> list[str]:
    with database.read() as session:
        found = read_rows(session, user, text, order_of(sort), MONTH, NOW, skip=skip, limit=limit)
    return [each.name for each in found.shown]


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["Delta", "Gamma", "Alpha", "beta_1"]),
        ("-name", ["Gamma", "Delta", "beta_1", "Alpha"]),
        ("commits", ["Gamma", "Delta", "Alpha", "beta_1"]),
        ("-commits", ["Delta", "Gamma", "beta_1", "Alpha"]),
        ("status", ["Gamma", "Delta", "beta_1", "Alpha"]),
        ("activity", ["Delta", "Gamma", "Alpha", "beta_1"]),
        ("blockers", ["Delta", "Gamma", "Alpha", "beta_1"]),
        ("trend", ["Delta", "Gamma", "Alpha", "beta_1"]),
        ("nonsense", ["Delta", "Gamma", "Alpha", "beta_1"]),
    ],
)
def test_initiatives_come_first_and_their_projects_by_the_column(
    database: Database, projects: dict[str, uuid.UUID], sort: str, names: list[str]
) -> None:
    assert named(database, sort=sort) == names


def test_every_word_must_be_found_in_name_or_initiative(database: Database, projects: dict[str, uuid.UUID]) -> None:
    assert named(database, "SPEED gam") == ["Gamma"]
    assert named(database, "a_1") == ["beta_1"]
    assert named(database, "a_p") == named(database, "%") == named(database, "\\") == []
    assert len(named(database, "  ")) == 4


def test_pages_follow_one_another_and_count_all_that_was_found(
    database: Database, projects: dict[str, uuid.UUID]
) -> None:
    assert [*named(database, limit=3), *named(database, skip=3, limit=3)] == named(database)
    with database.read() as session:
        assert read_rows(session, MANAGER, "a", Order("name", falls=False), MONTH, NOW, limit=1).found == 4


def test_the_overview_counts_what_one_sees(database: Database, projects: dict[str, uuid.UUID]) -> None:
    member = User(uuid.uuid4(), "max@example.com", "Max", None)
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.\"user\" (id, email, name, password_hash) VALUES (%s, 'max@example.com', 'Max', '')",
            (member.id,),
        )
        session.exec_driver_sql(
            "INSERT INTO kino.project_member (project_id, user_id, role) VALUES (%s, %s, 'MEMBER')",
            (projects["Gamma"], member.id),
        )
        session.exec_driver_sql("UPDATE kino.project SET archived_at = now() WHERE name = 'Alpha'")
    with database.read() as session:
        all_of_it, ours = read_overview(session, MANAGER, NOW), read_overview(session, member, NOW)
    assert [(each.project, each.word) for each in all_of_it.first_concerns] == [
        ("Gamma", "Blocked"),
        ("Delta", "Open blocker"),
        ("beta_1", "At risk"),
    ]
    assert (all_of_it.projects, all_of_it.active, all_of_it.blocked, all_of_it.at_risk) == (3, 2, 1, 1)
    assert (ours.projects, ours.concerns, [each.project for each in ours.first_concerns]) == (1, 1, ["Gamma"])
    assert named(database, user=member) == ["Gamma"]


def test_a_heading_turns_its_order_round() -> None:
    commits = next(column for column in columns("a b", "commits") if column.label == "This month")
    assert (commits.sorted, commits.href) == ("descending", "/?q=a+b&sort=-commits")
    assert columns("", "nonsense")[0].sorted is None
    assert (order_of("commits"), order_of("-commits")) == (Order("commits", falls=True), Order("commits", falls=False))


def test_the_portfolio_in_a_sentence() -> None:
    said = statement(projects=4, active=3, blocked=1, at_risk=1)
    assert said == "4 projects, 3 active in the last 7 days, 1 blocked, 1 at risk."
    said = statement(projects=1, active=1, blocked=0, at_risk=0)
    assert said == "1 project, 1 active in the last 7 days, none blocked or at risk."


def test_addresses_leave_out_what_is_as_usual() -> None:
    assert table_url() == "/"
    assert table_url(query="a&b", sort="-name", page=2) == "/?q=a%26b&sort=-name&page=2"
