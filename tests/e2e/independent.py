"""Numbers counted from raw git logs by other means than Kino's, to hold Kino's against."""

import gzip
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

DATA = Path(__file__).parents[3] / "shared" / "data"

_AGENT_ADDRESSES = ("noreply@anthropic.com", "noreply@openai.com", "cursoragent@cursor.com", "copilot@github.com")
_AGENT_ACCOUNTS = ("claude[bot]", "copilot", "copilot-swe-agent[bot]", "cursor[bot]", "devin-ai-integration[bot]")
_AUTOMATION = ("github-actions@github.com",)


@dataclass
class Commit:
    sha: str
    parents: int
    author: str
    at: datetime
    subject: str
    signed: list[str]

    @property
    def month(self) -> str:
        return self.at.strftime("%Y-%m")


def read(text: str) -> list[Commit]:
    """Return the commits of a log in the format of `tests/e2e/independent.py`'s caller."""
    commits = []
    for record in text.split("\x1e")[1:]:
        sha, parents, _, author, _, _, _, at, subject, trailers, _ = record.split("\x1f")
        signed = re.findall(r"(?im)^co-authored-by:.*<([^>]*)>", trailers)
        moment = datetime.fromisoformat(at).astimezone(UTC)
        commits.append(Commit(sha, len(parents.split()), author.lower(), moment, subject, [s.lower() for s in signed]))
    return commits


def history(name: str) -> list[Commit]:
    """Return the commits of a history of `../shared/data`."""
    return read(gzip.decompress((DATA / f"{name}.gitlog.gz").read_bytes()).decode("utf-8", "replace"))


def commits_by_month(commits: list[Commit]) -> dict[str, int]:
    return dict(Counter(commit.month for commit in commits))


def merged_by_month(commits: list[Commit]) -> dict[str, int]:
    first: dict[int, Commit] = {}
    for commit in sorted(commits, key=lambda commit: (commit.at, commit.sha)):
        found = re.match(r"Merge pull request #(\d+) from ", commit.subject) or re.search(
            r"\(#(\d+)\)$", commit.subject
        )
        if found:
            first.setdefault(int(found[1]), commit)
    return dict(Counter(commit.month for commit in first.values()))


def agent_share_by_month(commits: list[Commit]) -> dict[str, tuple[float, float, int]]:
    """Return (lower bound, upper bound, number of commits) by month."""
    marked = defaultdict(list)
    for commit in commits:
        if _by_agent(commit):
            marked[commit.author].append(commit.at)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for commit in commits:
        if commit.parents > 1 or _is_automation(commit.author):
            continue
        recent = any(timedelta(0) < commit.at - at <= timedelta(days=30) for at in marked[commit.author])
        count = counts[commit.month]
        count[0] += _by_agent(commit)
        count[1] += _by_agent(commit) or recent
        count[2] += 1
    return {month: (lower / n, upper / n, n) for month, (lower, upper, n) in counts.items()}


def human_authors(commits: list[Commit]) -> int:
    return len(
        {commit.author for commit in commits if not _is_agent(commit.author) and not _is_automation(commit.author)}
    )


def _by_agent(commit: Commit) -> bool:
    return _is_agent(commit.author) or any(_is_agent(address) for address in commit.signed)


def _is_agent(address: str) -> bool:
    return address in _AGENT_ADDRESSES or _account(address) in _AGENT_ACCOUNTS


def _is_automation(address: str) -> bool:
    account = _account(address)
    if account is not None:
        return account.endswith("[bot]") and account not in _AGENT_ACCOUNTS
    return address in _AUTOMATION or address.split("@")[0] in ("action", "actions")


def _account(address: str) -> str | None:
    found = re.fullmatch(r"(?:\d+\+)?(.+)@users\.noreply\.github\.com", address)
    return found[1] if found else None
