"""`kino audit`: is the record of who changed what still the one that was written?"""

from contextlib import closing
from dataclasses import asdict
from typing import Any

import typer

from kino_cli.options import HomeOption, JsonOption, settings_of
from kino_cli.output import print_json, progress, say
from kino_core.database import Database
from kino_ingest.audit.chain import load_audit_key
from kino_ingest.audit.verify import Found, Verdict, verify_audit

STATEMENT_TIMEOUT_MS = 600_000
"""Looking for entries that nobody sealed reads the whole audit once."""

app = typer.Typer(no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Check that nobody changed the audit."""


@app.command()
def verify(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Walk the audit's hash chain from its beginning; name the first entry that does not fit, and exit 1."""
    settings = settings_of(home)
    key = load_audit_key(settings.secrets_path)
    with (
        closing(Database(settings.database_url, pool_max=1, statement_timeout_ms=STATEMENT_TIMEOUT_MS)) as database,
        progress("Verifying"),
    ):
        verdict = verify_audit(database, key)
    if as_json:
        print_json(_as_dict(verdict))
    else:
        say(_sentence(verdict))
    if verdict.found is not None:
        raise typer.Exit(1)


def _as_dict(verdict: Verdict) -> dict[str, Any]:
    found = verdict.found
    return {
        "ok": found is None,
        "sealed": verdict.sealed,
        "dropped": verdict.dropped,
        "redacted": verdict.redacted,
        "erasures": verdict.erasures,
        "unsealed": verdict.waiting.entries,
        "anchors": verdict.anchors,
        "found": asdict(found) | {"message": found.sentence} if found else None,
    }


def _sentence(verdict: Verdict) -> str:
    if verdict.found is not None:
        return f"The audit does not fit {_place(verdict.found)}. {verdict.found.sentence}"
    facts = [
        f"{verdict.sealed} entries are as they were sealed{_redacted(verdict)}",
        f"{verdict.anchors} anchors agree",
    ]
    if verdict.dropped:
        facts.append(f"{verdict.dropped} were old enough to go")
    if verdict.waiting.entries:
        facts.append(f"{verdict.waiting.entries} wait for their seal")
    return f"The audit is in order: {', '.join(facts)}."


def _redacted(verdict: Verdict) -> str:
    if not verdict.redacted:
        return ""
    return f" but for {verdict.redacted} that {verdict.erasures} erasure{'s' * (verdict.erasures != 1)} rewrote"


def _place(found: Found) -> str:
    parts = [
        f"at place {found.position} of the chain" if found.position is not None else "",
        f"entry {found.audit_id}" if found.audit_id is not None else "",
        f"of {found.occurred_at:%Y-%m-%d %H:%M:%S} UTC" if found.occurred_at is not None else "",
    ]
    return ", ".join(part for part in parts if part)
