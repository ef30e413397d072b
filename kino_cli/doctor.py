"""`kino doctor`: check this machine and this Kino, and say how to mend what is wrong."""

from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from kino_cli import checks
from kino_cli.checks import Finding, Severity
from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, print_table, progress
from kino_core.settings import NeverStarted, Settings

CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    checks.check_secrets,
    checks.check_ports,
    checks.check_folders,
    checks.check_database,
    checks.check_stored_secrets,
    checks.check_pdf,
    checks.check_fonts,
)
SIGNS = {Severity.OK: "ok", Severity.WARNING: "warning", Severity.ERROR: "ERROR"}


def command(
    home: HomeOption = None,
    as_json: JsonOption = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without risk.")] = False,
) -> None:
    settings = settings_of(home)
    with progress("Looking"):
        findings = examine(settings)
        mended = [finding for finding in findings if fix and finding.mend]
        for finding in mended:
            if finding.mend:
                finding.mend()
        findings = examine(settings) if mended else findings
    if as_json:
        print_json({"ok": not _failed(findings), "findings": [_as_dict(finding) for finding in findings]})
    else:
        print_table(
            ("check", "", "finding"), [(f.id, SIGNS[f.severity], f"{f.what} {f.how}".strip()) for f in findings]
        )
    if _failed(findings):
        raise typer.Exit(1)


def examine(settings: Settings) -> list[Finding]:
    """Return what every check found, in the order in which it matters."""
    own = [finding for check in CHECKS for finding in check(settings)]
    return [*own, *_capabilities(settings)]


def _capabilities(settings: Settings) -> Iterator[Finding]:
    """Yield how everything beyond PostgreSQL is, as the running Kino sees it."""
    from kino_api.capabilities import Capabilities, State
    from kino_core.database import Database
    from kino_core.gold import Warehouse

    try:
        database = Database(settings.database_url, pool_max=2)
    except NeverStarted:
        return
    warehouse = Warehouse(settings)
    severities = {State.DEGRADED: Severity.WARNING, State.DOWN: Severity.WARNING}
    try:
        for capability in Capabilities(settings, database, warehouse).look():
            # PostgreSQL has checks of its own that tell more.
            if capability.name != "postgres":
                severity = severities.get(capability.state, Severity.OK)
                yield Finding(capability.name, severity, capability.detail)
    finally:
        warehouse.close()
        database.close()


def _failed(findings: list[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def _as_dict(finding: Finding) -> dict[str, object]:
    return {"id": finding.id, "severity": finding.severity, "what": finding.what, "how": finding.how}
