"""How changes come in: straight onto the main branch, or through a pull request, its reviews and its merge."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from kino_core.events import Event
from kino_core.identities import AgentType
from kino_ingest.simulation.deliveries import NOTHING_BEFORE, PullRequest, push, pushed
from kino_ingest.simulation.dice import Dice
from kino_ingest.simulation.events import Json, Lines, Senders, signs
from kino_ingest.simulation.people import SIGNATURES, Agent, Person
from kino_ingest.simulation.plan import TOPICS, VERBS, PlannedProject
from kino_ingest.simulation.production import Production

FOLDERS = ("api", "core", "jobs", "pages", "sql", "tests")
ACCOUNTS = {
    AgentType.CLAUDE: "claude[bot]",
    AgentType.CODEX: "chatgpt-codex-connector[bot]",
    AgentType.COPILOT: "Copilot",
}
"""The GitHub accounts of the families that open pull requests under their own."""
MOST_REVIEWS = 3


@dataclass(frozen=True)
class Written:
    """A commit before anybody else has it."""

    sha: str
    subject: str
    lines: Lines
    at: datetime


@dataclass
class Change:
    """What a person has written, alone or with an agent, and has not merged yet."""

    title: str
    person: Person
    agent: Agent | None
    commits: list[Written] = field(default_factory=list)

    @property
    def lines(self) -> Lines:
        """Return the lines of all its commits."""
        return [each for commit in self.commits for each in commit.lines]


class Changes:
    """The main branch of a project and the ways that lead there."""

    def __init__(self, project: PlannedProject, senders: Senders, dice: Dice) -> None:
        self._project = project
        self._senders = senders
        self._dice = dice
        self._production = Production(senders, dice)
        self._head = NOTHING_BEFORE

    def title(self) -> str:
        """Return what somebody might want to change."""
        return f"{self._dice.one(VERBS)} {self._dice.one(TOPICS)}"

    def write(self, change: Change, at: datetime) -> Written:
        """Return another commit of the change."""
        dice = self._dice
        lines = [
            (
                f"{dice.one(FOLDERS)}/part_{dice.below(40)}.py",
                1 + int(120 * dice.share() ** 3),
                int(60 * dice.share() ** 3),
            )
            for _ in range(1 + dice.below(4))
        ]
        written = Written(self._senders.sha(), change.title or self.title(), lines, at)
        change.commits.append(written)
        return written

    def straight(self, person: Person, at: datetime) -> Iterator[Event]:
        """Yield commits that somebody pushes to the main branch."""
        change = Change("", person, None)
        for _ in range(1 + self._dice.below(3)):
            self.write(change, at)
            at = self._dice.later(at, 5, 60)
        before, self._head = self._head, change.commits[-1].sha
        return self._landed(before, change.commits, change)

    def by_person(self, person: Person, at: datetime) -> Iterator[Event]:
        """Yield a pull request that somebody opens, now and then with an agent's help."""
        agents = self._project.agents
        helper = self._dice.one(agents) if agents and self._dice.happens(0.3) else None
        change = Change(self.title(), person, helper)
        for _ in range(1 + self._dice.below(3)):
            self.write(change, at)
            at = self._dice.later(at, 10, 90)
        return self.pull_request(change, at)

    def pull_request(self, change: Change, at: datetime) -> Iterator[Event]:
        """Yield what becomes of a change from its pull request on."""
        pull = self._opened(change, at)
        yield self._senders.deliver("pull_request", pull.payload("opened", at), pull.login)
        if pull.draft:
            pull.draft, at = False, self._dice.later(at, 20, 300)
            yield self._senders.deliver("pull_request", pull.payload("ready_for_review", at), pull.login)
        others = [person for person in self._project.team if person is not change.person]
        for reviews in range(1, MOST_REVIEWS + 1):
            reviewer = self._dice.one(others)
            at = reviewer.next_at_work(self._dice.later(at, 15, 420), 0.3 * self._dice.share())
            again = reviews < MOST_REVIEWS and self._dice.happens(0.3)
            state = "changes_requested" if again else "approved"
            review = pull.review(state, reviewer.login, at, self._senders.number())
            yield self._senders.deliver("pull_request_review", review, reviewer.login)
            if not again:
                break
            at = self._dice.later(at, 20, 200)
            self.write(change, at)
            _bring_up(pull, change)
            yield self._senders.deliver("pull_request", pull.payload("synchronize", at), pull.login)
        yield from self._closed(pull, change, self._dice.later(at, 2, 120))

    def _opened(self, change: Change, at: datetime) -> PullRequest:
        agent = change.agent if change.agent and self._dice.happens(0.7) else None
        slug = "-".join(change.title.lower().split())
        pull = PullRequest(
            number=self._senders.issue_number(),
            title=change.title,
            login=ACCOUNTS.get(agent.family, change.person.login) if agent else change.person.login,
            branch=f"{agent.family.lower()}/{slug}" if agent else slug,
            opened_at=at,
            draft=self._dice.happens(0.15),
            labels=("enhancement",) if self._dice.happens(0.3) else (),
        )
        _bring_up(pull, change)
        return pull

    def _closed(self, pull: PullRequest, change: Change, at: datetime) -> Iterator[Event]:
        pull.closed_at = at
        if self._dice.happens(0.08):
            yield self._senders.deliver("pull_request", pull.payload("closed", at), pull.login)
            return
        squashed = self._dice.happens(0.6)
        before, self._head = self._head, self._senders.sha()
        pull.merged_at, pull.merge_sha, pull.merged_by = at, self._head, change.person.login
        yield self._senders.deliver("pull_request", pull.payload("closed", at), change.person.login)
        if squashed:
            merge = Written(self._head, f"{pull.title} (#{pull.number})", change.lines, at)
            yield from self._landed(before, [merge], change)
        else:
            owner = self._project.repository.partition("/")[0]
            merge = Written(self._head, f"Merge pull request #{pull.number} from {owner}/{pull.branch}", [], at)
            yield from self._landed(before, change.commits, change, merge)
        if self._dice.happens(0.55):
            yield from self._production.deployed(self._head, change.person, self._dice.later(at, 5, 90))

    def _landed(
        self, before: str, commits: list[Written], change: Change, merge: Written | None = None
    ) -> Iterator[Event]:
        """Yield commits that came onto the main branch in one push, as git and as GitHub tell of them."""
        parent, told = before, []
        for commit in commits:
            parents = [] if parent == NOTHING_BEFORE else [parent]
            yield self._committed(commit, parents, change)
            told.append(_pushed(commit, change))
            parent = commit.sha
        if merge is not None:
            parents = [each for each in (before, parent) if each != NOTHING_BEFORE]
            yield self._senders.commit(merge.sha, parents, change.person, merge.at, merge.subject, lines=())
            told.append(pushed(merge.sha, merge.subject, merge.at, change.person.name, change.person.email, ()))
        yield self._senders.deliver("push", push(before, told), change.person.login)

    def _committed(self, commit: Written, parents: list[str], change: Change) -> Event:
        agent = change.agent
        author: Person | Agent = agent if agent and _alone(commit, agent) else change.person
        co_author = agent if author is not agent else None
        return self._senders.commit(
            commit.sha, parents, author, commit.at, commit.subject, lines=commit.lines, co_author=co_author
        )


def _bring_up(pull: PullRequest, change: Change) -> None:
    pull.head, pull.lines, pull.commits = change.commits[-1].sha, change.lines, len(change.commits)


def _alone(commit: Written, agent: Agent) -> bool:
    """Return whether the agent signs the commit alone, and not beside the person who asked for it."""
    return signs(agent) and int(commit.sha[:2], 16) < 64


def _pushed(commit: Written, change: Change) -> Json:
    agent, message = change.agent, commit.subject
    name, email = change.person.name, change.person.email
    if agent and _alone(commit, agent):
        name, email = SIGNATURES[agent.family]
    elif agent and signs(agent):
        message += "\n\nCo-authored-by: {} <{}>".format(*SIGNATURES[agent.family])
    return pushed(commit.sha, message, commit.at, name, email, [path for path, _, _ in commit.lines])
