"""Projects, initiatives and repositories: names, uniqueness, and the event that goes with every change."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from kino_api.etags import etag_of
from kino_api.initiatives import list_initiatives
from kino_api.names import InvalidName
from kino_api.problems import PreconditionFailed
from kino_api.project_list import ProjectFilter
from kino_api.projects import (
    InvalidDates,
    InvalidTimeZone,
    ProjectExists,
    change_project,
    create_project,
    ensure_project,
    find_project,
    list_projects,
)
from kino_api.repositories import RepositoryTaken, connect_repository, list_repositories
from kino_core.database import Database, query
from kino_core.events import repository_id


def _changes(database: Database) -> list[tuple[str, dict[str, Any]]]:
    with database.read() as session:
        rows = query(session, "SELECT type, body FROM landing.event WHERE source = 'kino' ORDER BY id")
    return [(row.type, row.body) for row in rows]


def test_a_new_project_is_stored_and_told_to_the_log(database: Database) -> None:
    with database.write() as session:
        made = create_project(session, "Checkout", "Growth", time_zone="Europe/Berlin")
    with database.read() as session:
        assert find_project(session, "checkout") == made
        assert find_project(session, made.id) == made
        assert [group.name for group in list_initiatives(session)] == ["Growth"]
    told = _changes(database)
    assert [change for change, _ in told] == ["initiative_created", "project_created"]
    assert told[1][1] == {
        "project_id": str(made.id),
        "name": "Checkout",
        "initiative_id": str(made.initiative_id),
        "initiative": "Growth",
        "priority": "MEDIUM",
        "status": None,
        "status_reason": None,
        "start_date": None,
        "end_date": None,
        "time_zone": "Europe/Berlin",
        "archived": False,
        "sample": False,
    }


def test_a_name_is_taken_whatever_its_capitals_and_leaves_no_event(database: Database) -> None:
    with database.write() as session:
        create_project(session, "Checkout")
    with pytest.raises(ProjectExists), database.write() as session:
        create_project(session, "CHECKOUT")
    assert len(_changes(database)) == 1


@pytest.mark.parametrize("name", ["ab", "x" * 101, "two\nlines", "tab\there", "a<b>c", "nul\0nul", "a\u2028b c"])
def test_names_that_would_break_headers_logs_or_pages_are_refused(database: Database, name: str) -> None:
    with pytest.raises(InvalidName), database.write() as session:
        create_project(session, name)


def test_names_in_any_script_are_taken_and_normalised(database: Database) -> None:
    with database.write() as session:
        assert create_project(session, " Zu\u0308rich & Söhne (日本) ").name == "Zürich & Söhne (日本)"


def test_dates_in_the_wrong_order_and_unknown_time_zones_are_refused(database: Database) -> None:
    with pytest.raises(InvalidDates), database.write() as session:
        create_project(session, "Checkout", start_date=date(2026, 2, 1), end_date=date(2026, 1, 1))
    with pytest.raises(InvalidTimeZone), database.write() as session:
        create_project(session, "Checkout", time_zone="../../etc/passwd")
    with pytest.raises(InvalidTimeZone), database.write() as session:
        create_project(session, "Checkout", time_zone="localtime")


def test_many_at_once_ensure_one_project(database: Database) -> None:
    def ensure(_: int) -> uuid.UUID:
        with database.write() as session:
            return ensure_project(session, "Checkout").id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ensure, range(16)))) == 1
    assert len(_changes(database)) == 1


def test_connecting_a_repository_twice_changes_nothing_and_two_projects_never_share_one(database: Database) -> None:
    with database.write() as session:
        first, second = create_project(session, "First"), create_project(session, "Second")
        made = connect_repository(session, first.id, "Octo/Repo")
        assert connect_repository(session, first.id, "octo/repo") == made
    with pytest.raises(RepositoryTaken), database.write() as session:
        connect_repository(session, second.id, "octo/repo")
    assert made.id == repository_id("octo/repo")
    assert [change for change, _ in _changes(database)].count("repository_connected") == 1


def test_a_repository_that_sent_events_first_is_connected_later(database: Database) -> None:
    with database.write() as session:
        made = create_project(session, "First")
        query_insert = "INSERT INTO kino.repository (id, full_name) VALUES (:id, 'octo/repo') RETURNING id"
        query(session, query_insert, id=repository_id("octo/repo"))
        connect_repository(session, made.id, "octo/repo")
        assert [known.full_name for known in list_repositories(session, made.id)] == ["octo/repo"]


def test_a_change_is_refused_when_somebody_else_changed_the_project_meanwhile(database: Database) -> None:
    with database.write() as session:
        read = create_project(session, "Checkout")
    with database.write() as session:
        changed = change_project(session, read.id, {"priority": "HIGH"}, if_match=etag_of(read.updated_at))
    assert (changed.priority, changed.name) == ("HIGH", "Checkout")
    with pytest.raises(PreconditionFailed), database.write() as session:
        change_project(session, read.id, {"name": "Other"}, if_match=etag_of(read.updated_at))


def test_the_portfolio_is_ordered_filtered_and_paged_by_name(database: Database) -> None:
    with database.write() as session:
        for name in ("beta", "Alpha", "Gamma", "alphabet"):
            create_project(session, name)
    with database.read() as session:
        first = list_projects(session, limit=2)
        rest = list_projects(session, after=(first[-1].name, first[-1].id))
        assert [card.name for card in [*first, *rest]] == ["Alpha", "alphabet", "beta", "Gamma"]
        assert [card.name for card in list_projects(session, wanted=ProjectFilter(text="LPHA"))] == [
            "Alpha",
            "alphabet",
        ]
        assert first[0].weekly_commits == (0,) * 12
