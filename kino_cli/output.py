"""What the command prints: JSON for programs, tables and progress for people."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


def print_json(value: object) -> None:
    """Print `value` as one JSON document; times, ids and paths become text."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=_as_text)
    sys.stdout.write("\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """Print a table; None shows as an en dash."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        # In a narrow window a word goes on in the next line: half an id is no use to anybody.
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("–" if cell is None else str(cell) for cell in row))
    Console(soft_wrap=not sys.stdout.isatty()).print(table, markup=False)


def say(sentence: str) -> None:
    """Tell a person something on stderr, where it never disturbs the output."""
    print(sentence, file=sys.stderr, flush=True)


def progress(description: str = "") -> "Progress":
    """Return a progress display on stderr, to be used as a context manager; silent where nobody watches.

    `task = display.add_task("Reading", total=n)` starts a bar, `display.advance(task)` moves it.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    display = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    if description:
        display.add_task(description, total=None)
    return display


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
