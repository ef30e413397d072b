import json
import uuid
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text

from kino_core.database import Database
from kino_core.settings import Settings
from tests.dashboards.conftest import Story, until
from tests.dashboards.test_pages import words


def keep_report(database: Database, settings: Settings, title: str) -> uuid.UUID:
    """Store a report whose one file holds its title."""
    report_id = uuid.uuid4()
    path = settings.reports_path / str(report_id) / "kino.pdf"
    path.parent.mkdir(parents=True)
    path.write_text(title)
    files = {"pdf": {"path": f"{report_id}/kino.pdf", "sha256": "0" * 64, "bytes": 4096}}
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO kino.report (id, kind, title, scope_type, period, as_of, lake_snapshot_id,"
                " snapshot_sha256, snapshot, files) VALUES"
                " (:id, 'qbr', :title, 'portfolio', '2026-Q3', :now, 1, 'x', '{}', :files)"
            ),
            {"id": report_id, "title": title, "now": datetime.now(UTC), "files": json.dumps(files)},
        )
    return report_id


def test_an_empty_library_names_the_next_step(client: httpx.Client) -> None:
    assert "press “Make report”" in client.get("/reports").text


def test_a_report_is_listed_and_downloaded(client: httpx.Client, database: Database, settings: Settings) -> None:
    report_id = keep_report(database, settings, "Review <Q3>")
    page = client.get("/reports")
    assert "Review &lt;Q3&gt;" in page.text
    assert "Q3 2026" in page.text
    assert "4 KB" in page.text
    link = f"/api/v1/reports/{report_id}/download?format=pdf"
    assert link in page.text
    file = client.get(link)
    assert file.text == "Review <Q3>"
    assert file.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("period", "soon", "is not a period"),
        ("kind", "poem", "Choose one of the reports"),
        ("scope", "everything", "Choose one of the reports"),
    ],
)
def test_a_wrong_wish_is_said_beside_the_form(client: httpx.Client, field: str, value: str, says: str) -> None:
    answer = client.post("/reports", data={"kind": "qbr", "scope": "", "period": "2026-Q3"} | {field: value})
    assert answer.status_code == 400
    assert says in answer.text
    assert "Make report" in answer.text


def test_what_became_of_a_report_is_told_where_it_was_asked_for(client: httpx.Client, story: Story) -> None:
    asked = client.post("/reports", data={"kind": "newsletter", "scope": str(story.project_id), "period": "2026-10"})
    assert asked.status_code == 303
    waiting = client.get(asked.headers["location"])
    assert "The report is being made." in waiting.text
    assert 'hx-trigger="every 1s"' in waiting.text

    def told() -> str:
        return words(client.get(asked.headers["location"]).text)

    # There is no lake yet, which is what the job finds out.
    until(lambda: "The report is being made." not in told(), seconds=120)
    assert "being prepared" in told()


def test_jobs_of_others_are_not_told(client: httpx.Client) -> None:
    assert client.get(f"/reports?job={uuid.uuid4()}").status_code == 404
