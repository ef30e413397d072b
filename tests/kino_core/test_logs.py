"""Logs: JSON lines with the fields operators search for, and never a secret."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from kino_core.logs import configure_logs
from kino_core.settings import settings_from

CANARIES = [
    "kino_prod_0123456789abcdefghijABCDEFGHIJ01",
    "ghp_0123456789abcdefghij0123456789abcdef",
    "github_pat_11ABCDEFG0123456789",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
]


@pytest.fixture(autouse=True)
def _own_configuration() -> Iterator[None]:
    handlers, level, configuration = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**configuration)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_every_line_is_json_with_the_same_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_from({"KINO_ENV": "staging"}), "worker")
    structlog.get_logger().info("folded", events=3)
    logging.getLogger("alembic").warning("behind by %d", 2)
    folded, behind = _lines(capsys)
    assert folded["event"] == "folded"
    assert folded["events"] == 3
    assert behind["event"] == "behind by 2"
    for line in (folded, behind):
        assert (line["service"], line["component"], line["env"]) == ("kino", "worker", "staging")
        assert {"timestamp", "level", "version", "host", "pid"} <= line.keys()


def test_an_error_carries_its_stack_on_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_from({}), "web")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        structlog.get_logger().exception("failed")
    [line] = _lines(capsys)
    assert "ValueError: two\nlines" in str(line["exception"])


def test_the_level_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_from({"LOG_LEVEL": "warning"}), "web")
    structlog.get_logger().info("quiet")
    logging.getLogger("uvicorn").info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in _lines(capsys)] == ["loud"]


@pytest.mark.parametrize("canary", CANARIES)
def test_what_looks_like_a_secret_is_hidden_wherever_it_stands(canary: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_from({}), "web")
    structlog.get_logger().info(f"got {canary}", body={"deep": [canary]}, url=f"https://h/x?token={canary}")
    logging.getLogger("lib").warning("sent %s", canary)
    try:
        raise ValueError(canary)
    except ValueError:
        structlog.get_logger().exception("failed")
    assert canary not in capsys.readouterr().err


def test_named_secrets_and_passwords_in_addresses_are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_from({}), "web")
    structlog.get_logger().info("connecting to postgresql://kino:hunter2@db/kino", password="hunter2", tokens=7)
    [line] = _lines(capsys)
    assert "hunter2" not in json.dumps(line)
    assert "@db/kino" in str(line["event"])
    assert line["tokens"] == 7


def test_levels_are_named_as_operators_search_for_them(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_from({"LOG_LEVEL": "debug"}), "web")
    log = structlog.get_logger()
    for write in (log.debug, log.info, log.warning, log.error, log.critical):
        write("x")
    logging.getLogger("lib").critical("x")
    assert [line["level"] for line in _lines(capsys)] == ["debug", "info", "warn", "error", "fatal", "fatal"]


def test_people_are_not_named(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_from({}), "web")
    structlog.get_logger().info("from ada@example.com", email="ada", author_name="Ada", user_id="42", token_id="7")
    [line] = _lines(capsys)
    assert "ada" not in json.dumps(line).casefold()
    assert (line["user_id"], line["token_id"]) == ("42", "7")


NEW_LINE = 'x\n{"level": "info", "event": "forged"}\r\x1b[2Jy'


def test_a_text_cannot_begin_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_from({}), "web")
    structlog.get_logger().info(NEW_LINE, field=NEW_LINE)
    logging.getLogger("lib").warning("said %s", NEW_LINE)
    assert [line["event"] for line in _lines(capsys)] == [NEW_LINE, f"said {NEW_LINE}"]


def test_a_text_cannot_steer_the_terminal_of_whoever_reads(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_from({}), "web", readable=True)
    structlog.get_logger().info(NEW_LINE, field=NEW_LINE)
    try:
        raise ValueError(NEW_LINE)
    except ValueError:
        structlog.get_logger().exception("failed")
    lines = capsys.readouterr().err.splitlines()
    assert not [line for line in lines if line.startswith(("{", "y"))]
    assert "\x1b[2J" not in "".join(lines)
