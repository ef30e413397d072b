"""What supervisord does for Kino: whole lines with a name, counted restarts, short pauses."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from supervisor import events
from supervisor.states import ProcessStates

from kino_cli.supervisor_plugin import LONGEST_PAUSE_SECONDS, Plugin, make_plugin


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "kino.log"


@pytest.fixture
def plugin(log: Path) -> Iterator[Plugin]:
    events.clear()
    yield make_plugin(object(), str(log))
    events.clear()


def _process(name: str, **state: object) -> SimpleNamespace:
    return SimpleNamespace(config=SimpleNamespace(name=name), group=None, pid=7, **{"backoff": 0, "delay": 0.0} | state)


def test_lines_are_whole_and_carry_their_process(plugin: Plugin, log: Path) -> None:
    web, worker = _process("web"), _process("worker")
    for process, data in ((web, b"one\ntw"), (worker, b"folded\n"), (web, "o ä\r\nthree".encode()), (web, b"\xff\n")):
        events.notify(events.ProcessLogStdoutEvent(process, 7, data))
    assert log.read_text().splitlines() == [
        "web | one",
        "worker | folded",
        "web | two ä",
        "web | three\N{REPLACEMENT CHARACTER}",
    ]


def test_a_line_without_end_does_not_grow_for_ever(plugin: Plugin, log: Path) -> None:
    for _ in range(30):
        events.notify(events.ProcessLogStdoutEvent(_process("web"), 7, b"x" * 10_000))
    assert len(log.read_text()) > 200_000


def test_the_first_start_is_no_restart(plugin: Plugin) -> None:
    assert plugin.restarts() == {}
    for expected in (0, 1, 2):
        events.notify(events.ProcessStateStartingEvent(_process("web"), ProcessStates.EXITED))
        assert plugin.restarts() == {"web": expected}


def test_pauses_grow_and_then_stay_short(plugin: Plugin) -> None:
    for failures in (1, LONGEST_PAUSE_SECONDS, 500):
        process = _process("worker", backoff=failures, delay=1000.0 + failures)
        events.notify(events.ProcessStateBackoffEvent(process, ProcessStates.STARTING))
        assert process.backoff == min(failures, LONGEST_PAUSE_SECONDS)
        assert process.delay == 1000.0 + process.backoff
