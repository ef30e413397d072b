"""Every page and part of one does with a single connection at a time, and cached counts are never another's."""

from collections.abc import Callable

import httpx
import pytest

from kino_core.database import Database
from kino_core.settings import Settings
from tests.dashboards.conftest import Story
from tests.dashboards.test_pages import words

HTMX = {"HX-Request": "true"}


@pytest.fixture
def site_settings(site_settings: Settings) -> Settings:
    return site_settings.model_copy(update={"database_pool_max": 1})


def test_every_page_does_with_one_connection(client: httpx.Client, story: Story, gold: None) -> None:
    project = f"/projects/{story.project_id}"
    for page in ("/", "/projects.csv", project, f"{project}/metrics/commits", "/portfolio/metrics/commits", "/reports"):
        assert client.get(page).status_code == 200, page
    for page, part in (("/", "projects"), ("/", "numbers"), (project, "feed"), (project, "blockers")):
        assert client.get(page, headers=HTMX | {"HX-Target": part}).status_code == 200, (page, part)


def test_what_was_counted_for_one_is_shown_to_nobody_who_sees_less(
    client: httpx.Client, story: Story, database: Database, landed: Callable[..., None]
) -> None:
    assert "2 projects, 1 active" in words(client.get("/").text)
    with database.write() as session:
        session.exec_driver_sql('UPDATE kino."user" SET role = NULL')
        session.exec_driver_sql(
            "INSERT INTO kino.project_member (project_id, user_id, role) SELECT %s, id, 'MEMBER' FROM kino.\"user\"",
            (story.empty_id,),
        )
    assert "1 project, 0 active" in words(client.get("/").text)
    with database.write() as session:
        session.exec_driver_sql("UPDATE kino.\"user\" SET role = 'MANAGER'")
    assert "2 projects, 1 active" in words(client.get("/").text)
