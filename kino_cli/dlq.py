"""`kino dlq`: the dead letters, events that landed and could not be folded."""

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table, say
from kino_core.database import Database
from kino_core.errors import InvalidInput
from kino_ingest.dead_letters import (
    LetterState,
    discard_letter,
    failing_sources,
    list_letters,
    open_letter,
    replay_between,
    replay_letter,
)

LARGEST_ID = 2**63 - 1
REPLAY_TIMEOUT_MS = 600_000
"""A replay of a whole year goes through all that landed in it."""

ID = Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST_ID, help="The letter's id.")]
SourceOption = Annotated[str | None, typer.Option(help="Only of this source: agent, github, git, kino.")]
TypeOption = Annotated[str | None, typer.Option("--type", help="Only events of this type.")]
SinceOption = Annotated[str | None, typer.Option(metavar="TIME", help="Arrived at or after, RFC 3339 or a date, UTC.")]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Arrived before, RFC 3339 or a date, UTC.")]

LINES = "\n\t"

app = typer.Typer(no_args_is_help=True)


@app.callback()
def dlq() -> None:
    """See and handle events that could not be folded."""


@app.command("list")
def show_all(
    source: SourceOption = None,
    event_type: TypeOption = None,
    state: Annotated[LetterState | None, typer.Option(help="Only these; else all but the discarded.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most, the newest first.")] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, the newest first, and say which source keeps failing."""
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database, database.read() as session:
        failing = failing_sources(session)
        letters = list_letters(
            session,
            source=source,
            event_type=event_type,
            state=state,
            since=_moment(since, "--since"),
            until=_moment(until, "--until"),
            limit=limit,
        )
    if as_json:
        print_json({"items": [asdict(each) for each in letters], "failing": [asdict(each) for each in failing]})
        return
    for each in failing:
        say(f"{_printable(each.name)} keeps failing: {each.failures} events within ten minutes.")
    if not letters:
        say("There are no dead letters.")
        return
    print_table(
        ("id", "state", "source", "type", "tries", "arrived", "error"),
        (
            (
                each.id,
                each.state,
                each.source,
                each.type and _printable(each.type),
                each.attempts,
                f"{each.received_at:%Y-%m-%d %H:%M:%S}",
                # What follows the first line is in `kino dlq show`.
                _printable((each.error or "").partition("\n")[0]),
            )
            for each in letters
        ),
    )


@app.command("show")
def show(letter_id: ID, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show a letter: its error, its stack and the event as it came in."""
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database, database.read() as session:
        letter = open_letter(session, letter_id)
    if as_json:
        print_json(asdict(letter))
        return
    facts = {name: value for name, value in asdict(letter).items() if name not in ("stack", "input")}
    for name, value in facts.items():
        print(f"{name:<15} {'–' if value is None else _printable(str(value))}")
    for name, text in (("stack", letter.stack), ("input", letter.input)):
        print(f"\n{name}\n{_printable(text, keep=LINES)}")


@app.command("replay")
def replay(
    letter_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", min=1, max=LARGEST_ID, help="One letter; else those of a time.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    event_type: TypeOption = None,
    source: SourceOption = None,
    folded: Annotated[bool, typer.Option("--folded", help="Fold also again what folded well.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would be.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have letters folded again, now: one by its id, or those that arrived in a span of time."""
    begin, end = _moment(since, "--since"), _moment(until, "--until")
    if letter_id is not None and (begin or end or event_type or source or folded):
        raise InvalidInput("Name one letter by its id, or those of a time with --since; not both.")
    url = settings_of(home).database_url
    with (
        closing(Database(url, pool_max=1, statement_timeout_ms=REPLAY_TIMEOUT_MS)) as database,
        database.write() as session,
    ):
        if letter_id is not None:
            replayed = replay_letter(session, letter_id, dry_run=dry_run)
        elif begin is not None:
            replayed = replay_between(
                session, begin, end, event_type=event_type, source=source, folded=folded, dry_run=dry_run
            )
        else:
            raise InvalidInput("Name one letter by its id, or those of a time with --since.")
    if as_json:
        print_json(asdict(replayed))
        return
    types = ", ".join(f"{_printable(name)} {number}" for name, number in replayed.types.items())
    say(f"{'To be' if dry_run else 'Being'} folded again: {replayed.events}{f' ({types})' if types else ''}.")


@app.command("discard")
def discard(
    letter_id: ID,
    reason: Annotated[str | None, typer.Option(help="Why, for whoever asks later.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Leave an event unfolded for good; the event itself stays in the log, and replaying takes this back."""
    with closing(Database(settings_of(home).database_url, pool_max=1)) as database, database.write() as session:
        discard_letter(session, letter_id, reason)
    if as_json:
        print_json({"id": letter_id, "state": LetterState.DISCARDED})
    else:
        say(f"Letter {letter_id} is discarded.")


def _moment(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{option}: {text!r} is no time such as 2026-11-22 or 2026-11-22T20:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _printable(text: str, keep: str = "") -> str:
    # What senders send must not steer the terminal.
    return "".join(each if each.isprintable() or each in keep else "\N{REPLACEMENT CHARACTER}" for each in text)
