"""Reading what `git log` prints, whatever is in it."""

from hypothesis import given
from hypothesis import strategies as st

from kino_core.events import Event
from kino_ingest.git import Rejected, commit_events, read_records
from tests.kino_ingest.events import git_events, record, sha


def read(*chunks: bytes) -> list[Event | Rejected]:
    return list(commit_events(read_records(chunks), repository="Acme/Engine", project_id=None))


def only(text: bytes) -> Event:
    [event] = read(text)
    assert isinstance(event, Event), event
    return event


def reason(text: bytes) -> str:
    [rejected] = read(text)
    assert isinstance(rejected, Rejected), rejected
    return rejected.reason


def test_a_commit_becomes_one_event() -> None:
    trailers = "Signed-off-by: Someone <s@example.org>\nCo-authored-by: Claude Opus 4 <noreply@anthropic.com>"
    event = only(record(1, "Add: a thing", at="2026-03-01T10:00:00-07:00", parents=[2, 3], trailers=trailers))
    assert event.event_id == f"acme/engine@{sha(1)}"
    assert event.repository == "Acme/Engine"
    assert event.occurred_at.isoformat() == "2026-03-01T17:00:00+00:00"
    assert event.body == {
        "sha": sha(1),
        "parents": [sha(2), sha(3)],
        "author": {"name": "Ada Lovelace", "email": "ada@example.org", "date": "2026-03-01T10:00:00-07:00"},
        "committer": {"name": "GitHub", "email": "noreply@github.com", "date": "2026-03-01T10:00:00-07:00"},
        "subject": "Add: a thing",
        "trailers": [
            {"key": "Signed-off-by", "value": "Someone <s@example.org>"},
            {"key": "Co-authored-by", "value": "Claude Opus 4 <noreply@anthropic.com>"},
        ],
        "co_authors": [{"name": "Claude Opus 4", "email": "noreply@anthropic.com"}],
        "files": [{"path": "src/a.py", "added": 1, "deleted": 2}],
    }


def test_binary_files_count_no_lines_and_odd_paths_are_unquoted() -> None:
    event = only(record(1, numstat='-\t-\tlogo.png\n3\t0\t"d\\303\\251j\\303\\240 \\"vu\\".py"'))
    assert event.body["files"] == [
        {"path": "logo.png", "added": None, "deleted": None},
        {"path": 'déjà "vu".py', "added": 3, "deleted": 0},
    ]


def test_addresses_need_not_be_valid_and_bytes_need_not_be_utf8() -> None:
    event = only(record(1, author="", email="not an address").replace(b"Change", b"\xff\xfeChange"))
    assert event.body["author"]["email"] == "not an address"
    assert event.body["subject"] == "\ufffd\ufffdChange something"


def test_separators_inside_a_subject_belong_to_it() -> None:
    assert only(record(1, "a\x1fb\x1ec")).body["subject"] == "a\x1fb\x1ec"


def test_malformed_records_are_rejected_with_their_position_and_the_others_come_in() -> None:
    cut_off = record(2)[:60]
    results = read(record(1) + cut_off + record(3) + b"\x1e" + b"x" * 10 + b"\n" + record(4))
    assert [type(each) for each in results] == [Event, Rejected, Event, Rejected, Event]
    assert [each.position for each in results if isinstance(each, Rejected)] == [2, 4]


def test_what_is_no_history_is_one_rejected_record() -> None:
    assert "of the 10 fields" in reason(b"hello\nworld\n")
    assert read(b"") == []
    assert read(b"\n\n") == []


def test_impossible_dates_are_rejected() -> None:
    for date in ("", "yesterday", "2026-02-30T10:00:00Z", "2026-03-01T10:00:00", "9999-12-31T23:59:59-01:00"):
        assert "date" in reason(record(1, at=date)), date
    assert "between 1970 and 2999" in reason(record(1, at="3000-01-01T00:00:00Z"))
    assert isinstance(read(record(1, at="1970-01-01T01:00:00+01:00"))[0], Event)


def test_wrong_hashes_and_numstat_lines_are_rejected() -> None:
    assert "is not a commit hash" in reason(record(1).replace(sha(1).encode(), b"Z" * 40))
    assert "is not a numstat line" in reason(record(1, numstat="three\t0\ta.py"))


@given(st.permutations(range(6)), st.lists(st.integers(1, 400), max_size=20))
def test_neither_order_nor_chunks_change_what_is_read(order: list[int], sizes: list[int]) -> None:
    records = [record(number, f"Change (#{number})", parents=[number + 1]) for number in range(1, 7)]
    text = b"".join(records[place] for place in order)
    chunks, start = [], 0
    for size in sizes:
        chunks.append(text[start : start + size])
        start += size
    chunks.append(text[start:])
    assert {event.event_id: event.body for event in git_events(*chunks)} == {
        event.event_id: event.body for event in git_events(*records)
    }
