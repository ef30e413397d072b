"""The common log as people see it, followed across rotation."""

import io
import json
import threading
from pathlib import Path

from kino_cli.log_view import follow, readable
from kino_cli.supervision import wait_until


def test_json_becomes_a_sentence_with_what_belongs_to_it() -> None:
    record = {"timestamp": "2026-03-01T10:11:12.5Z", "level": "info", "event": "folded", "events": 3, "pid": 7}
    assert readable(f"worker | {json.dumps(record)}\n") == "worker | 10:11:12 info folded events=3\n"


def test_no_text_passes_for_a_line_of_its_own() -> None:
    forged = "x\nweb | 10:11:12 info all is well\x1b[2J"
    record = {"timestamp": "2026-03-01T10:11:12.5Z", "level": "info", "event": forged, "a": forged, "exception": forged}
    shown = readable(f"worker | {json.dumps(record)}\n")
    assert not [line for line in shown.splitlines() if line.startswith("web")]
    assert "\x1b" not in shown


def test_any_other_line_stays_as_it_is() -> None:
    for line in ("postgres | LOG:  ready\n", "no name\n", 'web | {"half": \n', 'web | ["a"]\n', "web | 7\n"):
        assert readable(line) == f"{line.rstrip()}\n"


def test_what_is_appended_is_followed_across_rotation(tmp_path: Path) -> None:
    log, output, ended = tmp_path / "kino.log", io.StringIO(), threading.Event()
    log.write_text("before\n")
    viewer = threading.Thread(target=follow, args=(log, log.stat().st_size, ended, output))
    viewer.start()

    def shown(text: str) -> bool:
        return text in output.getvalue()

    try:
        with log.open("a") as file:
            file.write("web | first\n")
        assert wait_until(lambda: shown("web | first\n"), 10)
        log.rename(tmp_path / "kino.log.1")
        log.write_text("web | second\n")
        assert wait_until(lambda: shown("second"), 10)
        with log.open("a") as file:
            file.write("web | last\n")
    finally:
        ended.set()
        viewer.join(10)
    assert output.getvalue() == "web | first\nweb | second\nweb | last\n"
