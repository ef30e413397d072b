"""`kino report`: a quarterly business review or a newsletter as files."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from kino_cli.moments import AsOfOption, moment_of
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, progress
from kino_cli.scopes import InitiativeOption, ProjectOption, find_scope
from kino_core.errors import InvalidInput
from kino_core.metrics import ScopeType
from kino_core.periods import parse_period
from kino_reports.snapshot import ReportKind

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

PeriodOption = Annotated[
    str, typer.Option("--period", metavar="PERIOD", help="2026, 2026-Q3, 2026-09, 2026-W37 or two days with a slash.")
]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to put the files; made if missing.")]
FormatOption = Annotated[
    str | None, typer.Option("--format", metavar="LIST", help="Formats with commas between them [default: all].")
]


@app.command()
def qbr(
    period: PeriodOption,
    out: OutOption,
    project: ProjectOption = None,
    initiative: InitiativeOption = None,
    as_of: AsOfOption = None,
    formats: FormatOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Make a business review: html, pdf and pptx from one frozen snapshot."""
    _make(ReportKind.QBR, period, out, project, initiative, as_of, formats, home, json)


@app.command()
def newsletter(
    period: PeriodOption,
    out: OutOption,
    project: ProjectOption = None,
    initiative: InitiativeOption = None,
    as_of: AsOfOption = None,
    formats: FormatOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Make a newsletter: the html and text of an e-mail, and a pdf."""
    _make(ReportKind.NEWSLETTER, period, out, project, initiative, as_of, formats, home, json)


def _make(
    kind: ReportKind,
    period: str,
    out: Path,
    project: str | None,
    initiative: str | None,
    as_of: str | None,
    formats: str | None,
    home: Path | None,
    json: bool,
) -> None:
    from kino_reports.make import check_formats, make_report

    days, moment = parse_period(period), moment_of(as_of, "as_of") if as_of else None
    asked = check_formats(kind, [form.strip() for form in formats.split(",")] if formats else None)
    settings = settings_of(home)
    scope = find_scope(settings, {ScopeType.PROJECT: project, ScopeType.INITIATIVE: initiative})
    with progress(f"Making the {kind}"):
        made = make_report(settings, kind, scope, days, asked, moment)
    files = {form: _copy(path, out) for form, path in made.files.items()}
    if json:
        print_json(
            {"report_id": str(made.report_id), "snapshot_sha256": made.snapshot_sha256, "files": files},
        )
    else:
        for path in files.values():
            print(path)


def _copy(path: Path, out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(path, out / path.name))
    except OSError as error:
        raise InvalidInput(f"The files cannot be put into {out}: {error.strerror}. Name another folder.") from error
