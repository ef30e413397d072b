"""A whole history in: from a file, from a clone, and again."""

import gzip
import os
import subprocess
import zlib
from collections import Counter
from pathlib import Path

import pytest

from kino_core.database import Database
from kino_ingest.backfill import (
    BackfillCount,
    UnreadableHistory,
    backfill,
    count_commits,
    read_clone,
    read_history_file,
)
from kino_ingest.git import commit_events, read_records
from tests.kino_ingest.events import PROJECT, fold_all, one, record, rows, shared_history


def bring_in(database: Database, path: Path, complaints: list[str] | None = None) -> BackfillCount:
    chunks = read_clone(path) if path.is_dir() else read_history_file(path)
    events = commit_events(read_records(chunks), repository="acme/engine", project_id=PROJECT)
    said = [] if complaints is None else complaints
    return backfill(database, events, on_rejected=said.append, on_landed=lambda _: None)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A small clone with a merge, a squash, an agent and a binary file."""
    path = tmp_path / "clone"

    def git(*arguments: str, at: int = 0) -> None:
        moment = f"2026-04-{at:02}T12:00:00+02:00" if at else "2026-04-01T12:00:00+02:00"
        person = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada", "GIT_COMMITTER_NAME": "Ada"}
        dates = {"GIT_COMMITTER_EMAIL": "ada", "GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
        environment = {**os.environ, **person, **dates, "GIT_CONFIG_GLOBAL": os.devnull}
        subprocess.run(["git", "-C", str(path), *arguments], check=True, capture_output=True, env=environment)

    path.mkdir()
    git("init", "--initial-branch=main")
    (path / "a.txt").write_text("one\ntwo\n")
    git("add", ".")
    git("commit", "-m", "Begin", at=1)
    git("checkout", "-b", "claude/wings")
    (path / "logo.bin").write_bytes(b"\0\1\2")
    (path / "a.txt").write_text("one\nthree\n")
    git("add", ".")
    git("commit", "-m", "Add wings\n\nCo-Authored-By: Claude <noreply@anthropic.com>", at=2)
    git("checkout", "main")
    git("merge", "--no-ff", "-m", "Merge pull request #1 from ada/claude/wings", "claude/wings", at=3)
    (path / "b.txt").write_text("four\n")
    git("add", ".")
    git("commit", "-m", "Add a tail (#2)", at=4)
    return path


def test_a_clone_comes_in_once(database: Database, clone: Path) -> None:
    assert count_commits(clone) == 4
    assert bring_in(database, clone) == BackfillCount(events=4, accepted=4)
    assert bring_in(database, clone) == BackfillCount(events=4, duplicates=4)
    fold_all(database)
    commits = rows(
        database, 'SELECT subject, parents, lines_added, lines_deleted FROM kino."commit" ORDER BY committed_at'
    )
    assert commits == [
        ("Begin", 0, 2, 0),
        ("Add wings", 1, 1, 1),
        ("Merge pull request #1 from ada/claude/wings", 2, 0, 0),
        ("Add a tail (#2)", 1, 1, 0),
    ]
    pulls = rows(database, "SELECT number, state, branch, title FROM kino.pull_request ORDER BY number")
    assert pulls == [
        (1, "merged", "claude/wings", "Merge pull request #1 from ada/claude/wings"),
        (2, "merged", None, "Add a tail"),
    ]


def test_the_readers_own_git_settings_change_nothing(
    database: Database, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(database, clone)
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[log]\n\tshowRoot = false\n\tshowSignature = true\n[color]\n\tui = always\n[diff]\n\trenames = copies\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert bring_in(database, clone) == BackfillCount(events=4, duplicates=4)


def test_a_folder_without_history_says_so(database: Database, tmp_path: Path) -> None:
    with pytest.raises(UnreadableHistory, match="not a git repository"):
        bring_in(database, tmp_path)
    with pytest.raises(UnreadableHistory, match="not a git repository"):
        count_commits(tmp_path)


def test_gzip_is_known_by_its_content(database: Database, tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain.gz", tmp_path / "packed.txt"
    plain.write_bytes(record(1) + record(2))
    packed.write_bytes(gzip.compress(record(2) + record(1) + record(3)))
    assert bring_in(database, plain) == BackfillCount(events=2, accepted=2)
    assert bring_in(database, packed) == BackfillCount(events=3, accepted=1, duplicates=2)


def test_rejected_and_conflicting_records_are_told(database: Database, tmp_path: Path) -> None:
    bring_in_first = tmp_path / "first"
    bring_in_first.write_bytes(record(1))
    bring_in(database, bring_in_first)
    history = tmp_path / "history"
    history.write_bytes(record(1, "Another subject") + b"\x1ebroken\n" + record(2))
    complaints: list[str] = []
    assert bring_in(database, history, complaints) == BackfillCount(events=3, accepted=1, rejected=2)
    assert complaints[0].startswith("Record 2 was rejected: ")
    assert "landed before with other content" in complaints[1]


def test_a_damaged_file_keeps_what_came_before(database: Database, tmp_path: Path) -> None:
    history = tmp_path / "history.gz"
    whole = gzip.compress(b"".join(record(number, os.urandom(300).hex()) for number in range(3000)))
    history.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableHistory, match="damaged"):
        bring_in(database, history)
    assert one(database, "SELECT count(*) FROM landing.event") >= 1000
    history.write_bytes(whole)
    count = bring_in(database, history)
    assert (count.events, count.rejected) == (3000, 0)
    assert one(database, "SELECT count(*) FROM landing.event") == 3000


def test_even_the_short_beginning_of_a_damaged_file_is_in(database: Database, tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(record(number, os.urandom(300).hex()) for number in range(60)))[:-2000]
    readable = zlib.decompressobj(wbits=31).decompress(packed).count(b"\x1e")
    history = tmp_path / "history.gz"
    history.write_bytes(packed)
    with pytest.raises(UnreadableHistory, match="What came before is in"):
        bring_in(database, history)
    # The record that was cut is not whole.
    assert one(database, "SELECT count(*) FROM landing.event") == readable - 1 > 30


@pytest.mark.parametrize("name", ["claude-code-action", "fastapi"])
def test_a_shared_history_gives_what_a_plain_count_gives(database: Database, name: str) -> None:
    path = shared_history(name)
    text = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
    records = [part.split("\x1f") for part in text.split("\x1e")[1:]]
    count = bring_in(database, path)
    assert count == BackfillCount(events=len(records), accepted=len(records))
    fold_all(database)
    assert one(database, 'SELECT count(*) FROM kino."commit"') == len(records)
    numstat = [line.split("\t") for fields in records for line in fields[10].splitlines() if "\t" in line]
    added = sum(int(parts[0]) for parts in numstat if parts[0] != "-")
    assert one(database, 'SELECT sum(lines_added) FROM kino."commit"') == added
    assert dict(rows(database, _MERGES)) == _merges(records)
    assert one(database, 'SELECT count(*) FROM kino."commit" WHERE agent_id IS NOT NULL') == _with_agent(records)
    assert bring_in(database, path) == BackfillCount(events=len(records), duplicates=len(records))


_MERGES = """
    SELECT to_char(merged_at AT TIME ZONE 'UTC', 'YYYY-MM'), count(*)::int FROM kino.pull_request GROUP BY 1
"""


def _merges(records: list[list[str]]) -> dict[str, int]:
    from datetime import UTC, datetime

    earliest: dict[int, tuple[datetime, str]] = {}
    for fields in records:
        words = fields[8].split(" ")
        if fields[8].startswith("Merge pull request #") and words[4:5] == ["from"]:
            number = int(words[3][1:])
        elif fields[8].endswith(")") and "(#" in fields[8] and fields[8].rsplit("(#", 1)[1][:-1].isdigit():
            number = int(fields[8].rsplit("(#", 1)[1][:-1])
        else:
            continue
        candidate = (datetime.fromisoformat(fields[7]).astimezone(UTC), fields[0])
        earliest[number] = min(earliest.get(number, candidate), candidate)
    return dict(Counter(f"{moment:%Y-%m}" for moment, _ in earliest.values()))


def _with_agent(records: list[list[str]]) -> int:
    marks = ("noreply@anthropic.com", "cursoragent@cursor.com", "+claude[bot]@users", "+copilot@users", "@openai.com")
    return sum(
        any(mark in line.casefold() for mark in marks)
        for fields in records
        for line in [
            " ".join([fields[3], *(each for each in fields[9].splitlines() if each.casefold().startswith("co-auth"))])
        ]
    )
