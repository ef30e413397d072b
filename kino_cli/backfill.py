"""`kino backfill`: a whole history in, through the same landing code as live events."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kino_api.projects import ensure_project
from kino_api.repositories import connect_repository
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table, progress, say
from kino_core.database import WRITER_IDLE_TRANSACTION_MS, Database
from kino_core.errors import KinoError
from kino_ingest.backfill import BackfillCount, backfill, count_commits, read_clone, read_history_file
from kino_ingest.git import commit_events, read_records


class NothingLanded(KinoError):
    """What was named holds no commit that could be read."""

    code = "NOTHING_LANDED"


app = typer.Typer(no_args_is_help=True, help="Bring history in; running it again changes nothing.")

STATEMENT_TIMEOUT_MS = 60_000

ProjectOption = Annotated[str, typer.Option("--project", metavar="NAME", help="The project; made when missing.")]
RepositoryOption = Annotated[
    str | None, typer.Option("--repository", metavar="NAME", help="The repository's name [default: the project's]")
]


@app.command("gitlog")
def gitlog(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="What `git log` printed, plain or gzip.")
    ],
    project: ProjectOption,
    repository: RepositoryOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in a git history from a file."""
    _bring_in(read_history_file(file), None, project, repository, home, as_json)


@app.command("git")
def git(
    path: Annotated[
        Path,
        typer.Argument(exists=True, metavar="PATH", help="A clone; every commit reachable from its HEAD comes in."),
    ],
    project: ProjectOption,
    repository: RepositoryOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring in the history of a git clone."""
    _bring_in(read_clone(path), count_commits(path), project, repository, home, as_json)


def _bring_in(
    chunks: Iterable[bytes],
    total: int | None,
    project: str,
    repository: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    settings = settings_of(home)
    opened = Database(
        settings.database_url,
        pool_max=2,
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        idle_transaction_ms=WRITER_IDLE_TRANSACTION_MS,
    )
    with closing(opened) as database:
        with database.write() as session:
            found = ensure_project(session, project)
            name = repository or found.name
            connect_repository(session, found.id, name)
        with progress() as display:
            task = display.add_task(f"Landing {name}", total=total)
            count = backfill(
                database,
                commit_events(read_records(chunks), repository=name, project_id=found.id),
                on_rejected=say,
                on_landed=lambda number: display.advance(task, number),
            )
    _show(count, as_json)
    if count.rejected == count.events > 0:
        raise NothingLanded("Nothing of it came in: every record was rejected. Is it what `git log` printed for Kino?")


def _show(count: BackfillCount, as_json: bool) -> None:
    if as_json:
        print_json(asdict(count))
    else:
        print_table(list(asdict(count)), [list(asdict(count).values())])
