"""Numbers counted from raw git logs by other means than Kino's, to hold Kino's against."""

import gzip
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

DATA = Path(__file__).parents[2] / "shared" / "data"

_AGENT_ADDRESSES = ("noreply@anthropic.com", "noreply@openai.com", "cursoragent@cursor.com", "copilot@github.com")
_AGENT_ACCOUNTS = ("claude[bot]", "copilot", "copilot-swe-agent[bot]", "cursor[bot]", "devin-ai-integration[bot]")
_AUTOMATION = ("github-actions@github.com",)


# The parts of a path that say that nobody reviews it.
_LOCK_FILES = {"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "go.sum", "bun.lockb"}
_FOLDERS = {"vendor", "vendored", "node_modules", "third_party", "dist", "__generated__", "generated"}
_ENDINGS = (".lock", ".min.js", ".min.css", ".map", ".snap", "_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")
_MORE_ENDINGS = (".pb.go", ".pb.cc", ".pb.h", ".g.dart")
LATELY = timedelta(days=21)


@dataclass
class Commit:
    """A commit; `files` are (path, lines added, lines deleted), without binary ones."""

    sha: str
    parents: list[str]
    author: str
    at: datetime
    subject: str
    signed: list[str]
    files: list[tuple[str, int, int]]

    @property
    def month(self) -> str:
        return self.at.strftime("%Y-%m")


def read(text: str) -> list[Commit]:
    """Return the commits of a log in Kino's own format."""
    commits = []
    for record in text.split("\x1e")[1:]:
        sha, parents, _, author, _, _, _, at, subject, trailers, numbers = record.split("\x1f")
        signed = re.findall(r"(?im)^co-authored-by:.*<([^>]*)>", trailers)
        moment = datetime.fromisoformat(at).astimezone(UTC)
        lines = [line.split("\t") for line in numbers.splitlines() if line]
        files = [(path, int(added), int(deleted)) for added, deleted, path in lines if added != "-"]
        commits.append(
            Commit(sha, parents.split(), author.lower(), moment, subject, [s.lower() for s in signed], files)
        )
    return commits


def history(name: str) -> list[Commit]:
    """Return the commits of a history of `../shared/data`."""
    return read(gzip.decompress((DATA / f"{name}.gitlog.gz").read_bytes()).decode("utf-8", "replace"))


def commits_by_month(commits: list[Commit]) -> dict[str, int]:
    return dict(Counter(commit.month for commit in commits))


def lines_by_month(commits: list[Commit]) -> dict[str, tuple[int, int]]:
    """Return (lines added, lines deleted) by month."""
    counts: dict[str, list[int]] = {commit.month: [0, 0] for commit in commits}
    for commit in commits:
        for _, added, deleted in commit.files:
            counts[commit.month][0] += added
            counts[commit.month][1] += deleted
    return {month: (added, deleted) for month, (added, deleted) in counts.items()}


def rework_by_month(commits: list[Commit]) -> dict[str, tuple[int, int]]:
    """Return (lines in files that were changed less than 21 days before, lines) by month, without merges."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    changed: dict[str, datetime] = {}
    for commit in sorted(commits, key=lambda commit: (commit.at, commit.sha)):
        for path, added, deleted in commit.files:
            if len(commit.parents) < 2:
                lately = path in changed and commit.at - changed[path] < LATELY
                counts[commit.month][0] += lately * (added + deleted)
                counts[commit.month][1] += added + deleted
        changed |= dict.fromkeys((path for path, _, _ in commit.files), commit.at)
    return {month: (again, lines) for month, (again, lines) in counts.items()}


def merged_by_month(commits: list[Commit]) -> dict[str, int]:
    return dict(Counter(commit.month for commit in merges(commits).values()))


def merges(commits: list[Commit]) -> dict[int, Commit]:
    """Return the commit that merged each pull request, by its number."""
    first: dict[int, Commit] = {}
    for commit in sorted(commits, key=lambda commit: (commit.at, commit.sha)):
        found = re.match(r"Merge pull request #(\d+) from ", commit.subject) or re.search(
            r"\(#(\d+)\)$", commit.subject
        )
        if found:
            first.setdefault(int(found[1]), commit)
    return first


def brought_in(commits: list[Commit]) -> dict[int, list[Commit]]:
    """Return the commits that each pull request brought in: a squash itself, a merge what only its other side had.

    Each commit's ancestors are the bits of one number, counted up from the root.
    """
    place = {commit.sha: number for number, commit in enumerate(commits)}
    reached: dict[str, int] = {}
    for commit in _roots_first(commits):
        own = 1 << place[commit.sha]
        for parent in commit.parents:
            own |= reached.get(parent, 0)
        reached[commit.sha] = own
    brought = {}
    for number, merge in merges(commits).items():
        brought[number] = [merge]
        if merge.subject.startswith("Merge pull request #"):
            into, *others = merge.parents
            bits = 0
            for other in others:
                bits |= reached.get(other, 0)
            bits &= ~reached.get(into, 0)
            brought[number] += [commit for commit in commits if bits >> place[commit.sha] & 1]
    return brought


def pull_request_sizes_by_month(commits: list[Commit]) -> dict[str, list[int]]:
    """Return the reviewable lines of each pull request, merges left out, by the month of its merge."""
    merged, sizes = merges(commits), defaultdict(list)
    for number, members in brought_in(commits).items():
        plain = [commit for commit in members if len(commit.parents) < 2]
        if plain:
            lines = sum(a + d for commit in plain for path, a, d in commit.files if _is_reviewed(path))
            sizes[merged[number].month].append(lines)
    return dict(sizes)


def agent_share_by_month(commits: list[Commit]) -> dict[str, tuple[float, float, int]]:
    """Return (lower bound, upper bound, number of commits) by month."""
    marked = defaultdict(list)
    for commit in commits:
        if _by_agent(commit):
            marked[commit.author].append(commit.at)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for commit in commits:
        if len(commit.parents) > 1 or _is_automation(commit.author):
            continue
        recent = any(timedelta(0) < commit.at - at <= timedelta(days=30) for at in marked[commit.author])
        count = counts[commit.month]
        count[0] += _by_agent(commit)
        count[1] += _by_agent(commit) or recent
        count[2] += 1
    return {month: (lower / n, upper / n, n) for month, (lower, upper, n) in counts.items()}


def _roots_first(commits: list[Commit]) -> list[Commit]:
    """Return every parent before its children; `commits` are as git logs them, children first or nearly so."""
    known = {commit.sha: commit for commit in commits}
    order: dict[str, Commit] = {}
    for start in reversed(commits):
        stack = [start]
        while stack:
            commit = stack[-1]
            missing = [known[parent] for parent in commit.parents if parent in known and parent not in order]
            if missing and commit.sha not in order:
                stack += missing
            else:
                order[stack.pop().sha] = commit
    return list(order.values())


def _is_reviewed(path: str) -> bool:
    *folders, name = path.lower().split("/")
    endings = _ENDINGS + _MORE_ENDINGS
    return not (name in _LOCK_FILES or _FOLDERS & set(folders) or name.endswith(endings) or ".generated." in name)


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
