"""What a project's page says in sentences, and the commands it gives away."""

from collections.abc import Mapping
from datetime import UTC, datetime

from dashboards.formats import bounds, period_name, plural, quantity, relative
from kino_core.gold import MetricValue
from kino_core.periods import Grain, Period


def statement(
    values: Mapping[str, MetricValue],
    period: Period,
    open_blockers: int,
    last_activity_at: datetime | None,
    now: datetime,
) -> str:
    """Return the project in a sentence or two, made from its numbers; what has no data is left out."""
    found = []
    commits, merged, share = (values.get(key) for key in ("commits", "prs_merged", "agent_commit_share"))
    if commits and commits.value is not None:
        found.append(plural(int(commits.value), "commit"))
    if merged and merged.value is not None:
        found.append(plural(int(merged.value), "merged pull request"))
    running = " so far" if period.start <= now.date() < period.end else ""
    sentences = [f"{' and '.join(found)} in {period_name(period)}{running}"] if found else []
    if sentences and share and share.value is not None:
        spread = bounds(share)
        agents = f"agents left evidence on {quantity(share.value, share.metric.unit)} of commits"
        if not share.value:
            agents = "no commit shows evidence of an agent"
        sentences[0] += f"; {agents}" + (f" (range {spread})" if spread else "")
    open_now = plural(open_blockers, "open blocker") if open_blockers else "nothing blocked"
    if last_activity_at is None:
        sentences.append("nothing has happened yet")
    else:
        sentences.append(f"{open_now}, last activity {relative(last_activity_at, now)}")
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)


def default_period(last_activity_at: datetime | None, now: datetime) -> Period:
    """Return the quarter in which something last happened: an old history should not open on an empty page."""
    newest = min(last_activity_at or now, now)
    return Period.of(Grain.QUARTER, newest.astimezone(UTC).date())


def connect(project_name: str, base_url: str) -> dict[str, str]:
    """Return the commands that make a token and send a first event; names hold no quotes that a shell would read."""
    quoted = project_name.replace("'", "'\\''")
    event = (
        '{"agent_id": "claude-1", "event_type": "task_started", "task_id": "KIN-1",'
        ' "timestamp": "\'$(date -u +%FT%TZ)\'", "data": {}}'
    )
    return {
        "token_command": f"kino token create --project '{quoted}'",
        "curl": f"curl {base_url}/webhooks/agent-update \\\n  -H 'Authorization: Bearer YOUR_TOKEN' \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d '{event}'",
    }
