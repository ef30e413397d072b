"""`kino doctor`: what is wrong is named with its remedy, and mended where that is safe."""

import json
import os
import shutil
import socket
from pathlib import Path

import psycopg
import pytest
import typer

from kino_cli import checks, doctor, homes
from kino_cli.checks import Finding, Severity
from kino_core import schema_changes
from kino_core.settings import Settings, settings_from


def _by_id(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.id: finding for finding in findings}


def test_everything_at_once_on_a_good_database(settings: Settings) -> None:
    findings = _by_id(doctor.examine(settings))
    assert findings["database"].severity is Severity.OK
    assert findings["schema"].severity is Severity.OK
    assert findings["redis"].severity is Severity.OK
    # The tests' server writes nothing to the disk on purpose, which is exactly what must not pass unnoticed.
    assert findings["durability"].severity is Severity.ERROR


def test_a_schema_that_is_behind_is_an_error_that_it_mends(settings: Settings) -> None:
    schema_changes.step_down(settings.database_url)
    finding = _by_id(list(checks.check_database(settings)))["schema"]
    assert finding.severity is Severity.ERROR
    assert "kino migrate" in finding.how
    assert finding.mend is not None
    finding.mend()
    assert _by_id(list(checks.check_database(settings)))["schema"].severity is Severity.OK


@pytest.mark.parametrize("variables", [{}, {"DATABASE_URL": "postgresql://kino@127.0.0.1:1/kino"}])
def test_no_database_is_an_error(variables: dict[str, str], tmp_path: Path) -> None:
    [finding] = checks.check_database(settings_from({"KINO_HOME": str(tmp_path), **variables}))
    assert (finding.id, finding.severity) == ("database", Severity.ERROR)


def test_open_secrets_are_an_error_that_it_mends(tmp_path: Path) -> None:
    settings = settings_from({"KINO_HOME": str(tmp_path)})
    settings.secrets_path.mkdir(mode=0o755)
    settings.secrets_path.chmod(0o755)
    [finding] = checks.check_secrets(settings)
    assert finding.severity is Severity.ERROR
    assert finding.mend is not None
    finding.mend()
    assert [again.severity for again in checks.check_secrets(settings)] == [Severity.OK]


def test_a_taken_port_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        [finding] = checks.check_ports(settings_from({"KINO_HOME": str(tmp_path), "PORT": port}))
    assert finding.severity is Severity.ERROR
    assert port in finding.what


@pytest.mark.parametrize(
    ("free", "severity"), [(10**8, Severity.ERROR), (10**10, Severity.WARNING), (9 * 10**11, Severity.OK)]
)
def test_room_on_the_disk(free: int, severity: Severity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(total=10**12, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert _by_id(list(checks.check_folders(settings_from({"KINO_HOME": str(tmp_path)}))))["disk"].severity is severity


def test_missing_pango_and_fonts_cost_a_capability_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_from({"KINO_HOME": str(tmp_path)})
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    findings = [*checks.check_pdf(settings), *checks.check_fonts(settings)]
    assert [finding.severity for finding in findings] == [Severity.WARNING, Severity.WARNING]
    assert all(finding.how for finding in findings)


@pytest.mark.parametrize(("age", "severity"), [("10 seconds", Severity.OK), ("10 minutes", Severity.WARNING)])
def test_a_daemon_without_a_sign_of_life_is_noticed_while_kino_runs(
    age: str, severity: Severity, settings: Settings
) -> None:
    homes.prepare_home(settings)
    homes.write_running(settings, homes.Running(settings.port, settings.dagster_port, "http://localhost", True))
    lock = homes.own_home(settings)
    try:
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            assert _by_id(list(checks.check_database(settings)))["dagster-daemon"].severity is Severity.WARNING
            connection.execute("CREATE TABLE dagster.daemon_heartbeats (timestamp timestamp)")
            connection.execute(
                "INSERT INTO dagster.daemon_heartbeats SELECT now() AT TIME ZONE 'UTC' - %s::interval", [age]
            )
        assert _by_id(list(checks.check_database(settings)))["dagster-daemon"].severity is severity
    finally:
        os.close(lock)
    # A Kino that does not run has no daemon to miss.
    assert "dagster-daemon" not in _by_id(list(checks.check_database(settings)))


def test_the_command_fails_on_an_error_and_mends_on_request(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    homes.prepare_home(settings)
    settings.secrets_path.chmod(0o755)
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setattr(doctor, "CHECKS", (checks.check_secrets,))
    with pytest.raises(typer.Exit):
        doctor.command(settings.home, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown["ok"] is False
    assert shown["findings"][0]["severity"] == "error"
    doctor.command(settings.home, as_json=True, fix=True)
    assert json.loads(capsys.readouterr().out)["ok"] is True
    doctor.command(settings.home)
    assert "secrets" in capsys.readouterr().out
