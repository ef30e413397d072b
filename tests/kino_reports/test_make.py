"""A report from the first event to the files, on a real lake."""

import hashlib
import io
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from pptx import Presentation
from pypdf import PdfReader

from kino_assets.refresh import LakeWriter
from kino_cli.main import kino
from kino_core.database import Database, ReadSession
from kino_core.errors import InvalidInput
from kino_core.gold import PORTFOLIO, Scope
from kino_core.metrics import ScopeType
from kino_core.periods import Period, parse_period
from kino_core.settings import Settings, settings_from
from kino_reports import store
from kino_reports.make import check_formats, file_name, make_report, render
from kino_reports.snapshot import ReportKind
from tests.kino_reports.conftest import tell_of_a_project
from tests.kino_reports.portfolios import HARD_NAMES, snapshot

MONTH = parse_period("2026-09")


@dataclass(frozen=True)
class Told:
    """A Kino whose lake knows one project."""

    settings: Settings
    database: Database
    project_id: uuid.UUID


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, module_database_url: str, redis_server_url: str) -> Iterator[Told]:
    """One for the tests that make reports: each makes and lists its own, and none changes what they are made of."""
    settings = settings_from(
        {
            "KINO_HOME": str(tmp_path_factory.mktemp("home")),
            "DATABASE_URL": module_database_url,
            "REDIS_URL": redis_server_url,
        }
    )
    with closing(Database(module_database_url)) as database, closing(LakeWriter(settings)) as writer:
        project_id = tell_of_a_project(database)
        writer.refresh(everything=True)
        yield Told(settings, database, project_id)


def test_one_snapshot_many_forms_the_same_numbers(lake: Told) -> None:
    settings, database = lake.settings, lake.database
    made = make_report(settings, ReportKind.QBR, Scope(ScopeType.PROJECT, lake.project_id), MONTH)
    assert {form: path.name for form, path in made.files.items()} == {
        form: f"kino-qbr-kino-sohne-2026-09.{form}" for form in ("html", "pdf", "pptx")
    }
    html = made.files["html"].read_text()
    pdf = re.sub(r"\s+", " ", "".join(page.extract_text() for page in PdfReader(made.files["pdf"]).pages))
    deck = "\n".join(
        shape.text_frame.text
        for slide in Presentation(str(made.files["pptx"])).slides
        for shape in slide.shapes
        if shape.has_text_frame
    )
    for text in (html, pdf, deck):
        # 12 commits, 6 of them merging a pull request; 3 of the 9 by people with Claude's trailer; 19 of 20 tests.
        assert re.search(r"made 12 commits[^.]*\. 2 people and 2 agents took part\.", text)
        assert "33.3%" in text
        assert "95.0%" in text
        assert "1 blocker is open, for 10 days" in text

    with database.read() as session:
        [listed] = _listed(session, ReportKind.QBR, MONTH)
        assert listed == store.find_report(session, made.report_id)
        kept = store.load_snapshot(session, made.report_id)
    assert listed.snapshot_sha256 == kept.sha256 == made.snapshot_sha256
    assert listed.title == "Quarterly business review · Kino & Söhne · September 2026"
    for form, file in listed.files.items():
        content = store.report_file(settings, listed, form).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.bytes)
        assert render(kept, [form])[form] == content


def test_the_same_data_is_the_same_report(lake: Told) -> None:
    settings = lake.settings
    first = make_report(settings, ReportKind.NEWSLETTER, PORTFOLIO, MONTH, ["html"])
    again = make_report(settings, ReportKind.NEWSLETTER, PORTFOLIO, MONTH, ["html", "text"])
    assert again.report_id == first.report_id
    assert again.files["html"].read_bytes() == first.files["html"].read_bytes()
    with lake.database.read() as session:
        [listed] = _listed(session, ReportKind.NEWSLETTER, MONTH)
    assert set(listed.files) == {"html", "text"}


def test_the_command_prints_json_and_copies_the_files(
    lake: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = lake.settings
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    out = tmp_path / "out" / "deep"
    arguments = ["report", "qbr", "--project", "kino & söhne", "--period", "2026-08", "--format", "pptx,html"]
    command = kino(arguments)
    command([*arguments, "--out", str(out), "--home", str(settings.home), "--json"], standalone_mode=False)
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {"report_id", "snapshot_sha256", "files"}
    assert sorted(path.name for path in out.iterdir()) == sorted(Path(path).name for path in said["files"].values())
    Presentation(said["files"]["pptx"])


def _listed(session: ReadSession, kind: ReportKind, period: Period) -> list[store.StoredReport]:
    return [each for each in store.list_reports(session) if (each.kind, each.period) == (kind, str(period))]


def test_files_appear_whole_or_not_at_all(settings: Settings, tmp_path: Path) -> None:
    blocked = tmp_path / "reports"
    blocked.write_text("a file where a folder should be")
    with pytest.raises(store.ReportNotWritten, match="could not be written"):
        store.write_files(blocked, "id", {"html": ("a.html", b"x")})
    store.write_files(tmp_path / "good", "id", {"html": ("a.html", b"x")})
    assert [path.name for path in (tmp_path / "good" / "id").iterdir()] == ["a.html"]


def test_a_files_path_cannot_leave_the_store(settings: Settings, database: Database) -> None:
    outside = settings.reports_path.parent / "secret"
    outside.parent.mkdir(parents=True, exist_ok=True)
    outside.write_text("secret")
    with database.write() as session:
        file = store.StoredFile("../secret", "0", 6)
        report_id = store.keep(session, snapshot(), "A report", {"html": file})
    with database.read() as session:
        found = store.find_report(session, report_id)
    with pytest.raises(store.UnknownReport):
        store.report_file(settings, found, "html")
    with pytest.raises(store.UnknownReport, match="made as: html"):
        store.report_file(settings, found, "pdf")


def test_reports_are_listed_by_page_and_scope(database: Database) -> None:
    ones = [snapshot((f"Project {place}",), scope=ScopeType.PROJECT) for place in range(5)]
    with database.write() as session:
        for one in ones:
            store.keep(session, one, one.scope_name, {})
    with database.read() as session:
        first = store.list_reports(session, limit=3)
        rest = store.list_reports(session, limit=3, before=(first[-1].created_at, first[-1].id))
        own = store.list_reports(session, scope_ids=[ones[2].scope_id or uuid.uuid4()])
        with pytest.raises(store.UnknownReport):
            store.find_report(session, uuid.uuid4())
    assert len({report.id for report in first + rest}) == 5
    assert [report.title for report in own] == ["Project 2"]


def test_formats() -> None:
    assert check_formats(ReportKind.QBR, None) == ("html", "pdf", "pptx")
    assert check_formats(ReportKind.NEWSLETTER, ["pdf", "pdf"]) == ("pdf",)
    with pytest.raises(InvalidInput, match="html, pdf, pptx"):
        check_formats(ReportKind.QBR, ["docx"])


@pytest.mark.parametrize("name", HARD_NAMES)
def test_file_names_are_safe(name: str) -> None:
    one = snapshot((name,), scope=ScopeType.PROJECT, period=parse_period("2026-07-01/2026-09-30"))
    assert re.fullmatch(r"kino-qbr-[a-z0-9-]+-2026-Q3\.pdf", file_name(one, "pdf"))
    odd = snapshot((name,), scope=ScopeType.PROJECT, period=parse_period("2026-07-02/2026-09-30"))
    assert re.fullmatch(r"kino-qbr-[a-z0-9-]+-2026-07-02_2026-09-30\.txt", file_name(odd, "text"))


def test_a_snapshot_from_the_store_renders_the_same_bytes() -> None:
    one = snapshot(HARD_NAMES[:2])
    stored = store.thaw(json.loads(one.to_json()))
    for form in ("html", "pdf", "pptx"):
        assert render(stored, [form]) == render(one, [form])
    assert io.BytesIO(render(one, ["pptx"])["pptx"]).read(2) == b"PK"
