"""How pull requests go, reviews and rework: hand-computed numbers, GitHub's own examples."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kino_assets.check import check_warehouse
from kino_assets.refresh import LakeWriter
from kino_core.database import Database
from kino_core.events import Event, agent_key, repository_id
from kino_core.gold import PORTFOLIO, Evidence, MetricValue, Scope, Warehouse
from kino_core.identities import identify, identify_login
from kino_core.metrics import ScopeType
from kino_core.periods import parse_period
from kino_core.settings import Settings, settings_from
from kino_ingest.github_delivery import delivery_event
from kino_ingest.landing import land
from tests.factories.deliveries import github, push
from tests.factories.events import (
    CLAUDE,
    DEPENDABOT,
    HUMAN,
    commit,
    project_created,
    pull_request,
    repository_connected,
    sha,
)
from tests.factories.review_requests import review, review_request

EXAMPLES = Path(__file__).parents[2] / "node_modules/@octokit/webhooks-examples/api.github.com/index.json"
MONDAY = datetime(2026, 5, 4, tzinfo=UTC)
REVIEWED, FAR_EAST, WRITTEN, HELLO = (uuid.uuid4() for _ in range(4))
NAME, FAR, WRITING = "example/reviewed", "far/east", "example/written"
WITH_CLAUDE = "Do it\n\nCo-authored-by: {} <{}>".format(*CLAUDE)
WEEK = "2026-W19"
Land = Callable[[Sequence[Event]], None]


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def on_day(days: float) -> datetime:
    return MONDAY + timedelta(days=days)


def person(login: str) -> Scope:
    return Scope(ScopeType.PERSON, identify_login(login).person_id)


@dataclass(frozen=True)
class Lake:
    """The lake of this module's events, and the ways to ask it."""

    settings: Settings
    warehouse: Warehouse

    def ask(self, key: str, scope: Scope, period: str = WEEK) -> MetricValue:
        with self.warehouse.gold() as gold:
            return gold.value(key, scope, parse_period(period))

    def explain(self, key: str, scope: Scope, period: str = WEEK) -> list[Evidence]:
        with self.warehouse.gold() as gold:
            return gold.explain(key, scope, parse_period(period))


@pytest.fixture(scope="module")
def lake(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Everything that the tests below ask for, landed twice, in the wrong order, and some of it late."""
    home = tmp_path_factory.mktemp("home")
    settings = settings_from({"KINO_HOME": str(home), "DATABASE_URL": module_database_url})
    told = [*pull_requests(), *far_east(), *written(), *strange(), *examples()]
    database = Database(module_database_url)
    with closing(LakeWriter(settings)) as writer:
        for window in ([*told[::-1], *told[::9]], late()):
            with database.write() as session:
                land(session, window)
            writer.refresh(everything=True)
    database.close()
    with closing(Warehouse(settings)) as warehouse:
        yield Lake(settings, warehouse)


def pulled(
    number: int,
    hours: float,
    action: str,
    opened: float,
    head: str | None = None,
    *,
    login: str = "robin",
    draft: bool = False,
    merged_at: datetime | None = None,
    closed_at: datetime | None = None,
) -> Event:
    return pull_request(
        NAME,
        number,
        at(hours),
        action=action,
        opened_at=at(opened),
        head=head and sha(head),
        login=login,
        draft=draft,
        merged_at=merged_at,
        closed_at=closed_at,
    )


def merge(name: str, hours: float, *parents: str, number: int) -> Event:
    subject = f"Merge pull request #{number} from robin/topic"
    return commit(NAME, sha(name), at(hours), parents=tuple(map(sha, parents)), subject=subject, files=())


def to_branch(number: int, hours: float, before: str, *commits: tuple[str, float], message: str = "Do it") -> Event:
    told = [(sha(name), at(authored), message) for name, authored in commits]
    return push(NAME, at(hours), *told, ref=f"refs/heads/topic-{number}", before=sha(before) if before else "0" * 40)


def pull_requests() -> list[Event]:
    """Return eight pull requests: what became of each is told beside it."""
    return [
        project_created(REVIEWED, "Reviewed"),
        repository_connected(REVIEWED, NAME),
        # 1: written for 6 hours (see `late`), picked up after 4, reviewed for 10 in two rounds.
        to_branch(1, 5, "c2", ("c3", 4)),
        pulled(1, 6, "opened", 6, "c3"),
        review_request(NAME, 1, at(7), "kim"),
        review(NAME, 1, at(10), "kim", state="changes_requested", review_id=101),
        to_branch(1, 12, "c3", ("c4", 11)),
        pulled(1, 12, "synchronize", 6, "c4"),
        review(NAME, 1, at(13), "kim", state="commented", review_id=102),
        pulled(1, 14, "synchronize", 6, "c5"),
        review_request(NAME, 1, at(15), "kim"),
        review(NAME, 1, at(18), "kim", review_id=103),
        # Another webhook tells of it once more, and that it was dismissed later on.
        review(NAME, 1, at(18), "kim", review_id=103),
        review(NAME, 1, at(18), "kim", state="dismissed", action="dismissed", review_id=103),
        pulled(1, 19, "synchronize", 6, "c6"),
        pulled(1, 20, "closed", 6, "c6", merged_at=at(20)),
        # 2: a draft for 4 hours whose beginning nobody heard of; agents, automation and its author say something too.
        to_branch(2, 5, "elsewhere", ("d1", 1)),
        pulled(2, 6, "opened", 6, "d1", draft=True),
        review(NAME, 2, at(8), "lee", state="commented", review_id=201),
        pulled(2, 10, "ready_for_review", 6, "d1"),
        review(NAME, 2, at(11), "claude[bot]", state="changes_requested", review_id=202),
        review(NAME, 2, at(12), "ci[bot]", state="changes_requested", review_id=203),
        review(NAME, 2, at(13), "Robin", state="commented", review_id=204),
        review(NAME, 2, at(16), "lee", review_id=205),
        pulled(2, 24, "closed", 6, "d1", merged_at=at(24)),
        # 3: an agent's, which nobody reviews.
        to_branch(3, 29, "", ("e1", 29), message=WITH_CLAUDE),
        pulled(3, 30, "opened", 30, "e1", login="claude[bot]"),
        pulled(3, 40, "closed", 30, "e1", login="claude[bot]", merged_at=at(40)),
        # 4: a person's with an agent, closed; only the push to its branch tells of the agent.
        to_branch(4, 40, "", ("f1", 40), message=WITH_CLAUDE),
        pulled(4, 41, "opened", 41, "f1"),
        pulled(4, 50, "closed", 41, "f1", closed_at=at(50)),
        # 5: automation's.
        pulled(5, 42, "opened", 42, login="dependabot[bot]"),
        pulled(5, 52, "closed", 42, login="dependabot[bot]", merged_at=at(52)),
        # 6: known from git alone.
        commit(NAME, sha("base"), at(0), parents=()),
        commit(NAME, sha("g6"), at(52), parents=(sha("base"),)),
        merge("m6", 53, "base", "g6", number=6),
        # 7: written for 4 hours as its merge tells; the review comes after it.
        pulled(7, 58, "opened", 58, "g7"),
        commit(NAME, sha("g7"), at(54), parents=(sha("m6"),)),
        merge("m7", 60, "m6", "g7", number=7),
        pulled(7, 60, "closed", 58, "g7", merged_at=at(60)),
        review(NAME, 7, at(61), "kim", review_id=701),
        # 8: nobody heard of it before its review.
        review(NAME, 8, at(61), "kim", review_id=801),
        pulled(8, 62, "closed", 55, "h1", merged_at=at(62)),
    ]


def test_phases(lake: Lake) -> None:
    project = Scope(ScopeType.PROJECT, REVIEWED)
    coding = lake.ask("pr_coding_time", project)
    assert (coding.value, coding.p90, coding.n) == (4, pytest.approx(5.6), 3), "of 6, 1 and 4 hours"
    assert coding.coverage == pytest.approx(3 / 7)
    pickup = lake.ask("pr_pickup_time", project)
    assert (pickup.value, pickup.n, pickup.coverage) == (5, 2, pytest.approx(2 / 7)), "of 4 and 6 hours"
    assert lake.ask("pr_review_time", project).value == 9, "of 10 and 8 hours"
    cycle = lake.ask("pr_cycle_time", project)
    assert (cycle.value, cycle.n, cycle.coverage) == (10, 5, pytest.approx(5 / 7)), "of 14, 14, 10, 10 and 2 hours"
    assert lake.ask("pr_cycle_time", person("robin")).value == 14
    assert lake.ask("pr_cycle_time", Scope(ScopeType.AGENT, agent_key("claude"))).value == 10
    assert lake.ask("pr_cycle_time", project, "2026-05-04/2026-05-04").value == 14
    assert lake.ask("pr_cycle_time", project, "2026-06").value is None
    evidence = lake.explain("pr_coding_time", project)
    assert [(each.entity, each.numerator) for each in evidence] == [
        ("pull request #1", 6),
        ("pull request #2", None),
        ("pull request #3", 1),
        ("pull request #5", None),
        ("pull request #6", None),
        ("pull request #7", 4),
        ("pull request #8", None),
    ]


def test_what_reviews_say(lake: Lake) -> None:
    project, robin = Scope(ScopeType.PROJECT, REVIEWED), person("robin")
    claude = Scope(ScopeType.AGENT, agent_key("claude"))
    rate = lake.ask("review_rate", project)
    assert (rate.value, rate.n, rate.coverage) == (0.4, 5, pytest.approx(5 / 7)), "1 and 2 of 1, 2, 3, 5 and 7"
    assert lake.ask("review_rate", claude).value == 0
    accepted = [lake.ask(f"{authors}first_pass_acceptance", project) for authors in ("", "human_", "agent_")]
    assert [(each.value, each.n) for each in accepted] == [(0.8, 5), (pytest.approx(2 / 3), 3), (1, 1)]
    assert [each.coverage for each in accepted] == [pytest.approx(5 / 7), 0.6, 1]
    assert lake.ask("first_pass_acceptance", robin).value == pytest.approx(2 / 3)
    rounds = lake.ask("rework_rounds", project)
    assert (rounds.value, rounds.p90, rounds.n) == (0, pytest.approx(1.4), 4), "of 2, 0, 0 and 0"
    assert lake.explain("rework_rounds", robin)[0].numerator == 2
    assert lake.ask("rework_rounds", robin, "2026-05-04/2026-05-04").value == 2


def test_how_pull_requests_end(lake: Lake) -> None:
    project = Scope(ScopeType.PROJECT, REVIEWED)
    closed = lake.ask("prs_closed_unmerged", project)
    assert (closed.value, closed.n, closed.coverage) == (1, 7, 7 / 8)
    assert lake.ask("prs_closed_unmerged", project, "2026-06").value == 0
    rates = [lake.ask(f"{authors}merge_rate", project) for authors in ("", "human_", "agent_")]
    assert [(each.value, each.n) for each in rates] == [(pytest.approx(6 / 7), 7), (1, 4), (0.5, 2)]
    assert [each.coverage for each in rates] == [7 / 8, 0.8, 1]
    assert lake.ask("agent_merge_rate", Scope(ScopeType.AGENT_TYPE, "CLAUDE")).value == 0.5
    assert lake.ask("merge_rate", person("robin")).value == 0.8
    by_git = lake.ask("merge_rate", Scope(ScopeType.PERSON, identify(*HUMAN).person_id))
    assert (by_git.value, by_git.n, by_git.coverage) == (None, 0, 0), "git does not tell what was not merged"
    created = lake.ask("prs_created", project)
    assert (created.value, created.n, created.coverage) == (5, 5, pytest.approx(5 / 6))
    assert lake.ask("prs_created", person("robin")).value == 5
    assert lake.ask("prs_opened", project).value == 7


def test_who_reviews(lake: Lake) -> None:
    project = Scope(ScopeType.PROJECT, REVIEWED)
    assert [lake.ask("reviews_given", scope).value for scope in (project, person("kim"), person("lee"))] == [7, 5, 2]
    assert lake.ask("reviews_given", person("robin")).value is None, "one’s own do not count"
    assert lake.ask("agent_reviews_given", Scope(ScopeType.AGENT, agent_key("claude"))).value == 1
    assert lake.ask("agent_reviews_given", project).value == 1
    response = lake.ask("review_response_time", project)
    assert (response.value, response.n, response.coverage) == (3, 4, 0.8), "of 3, 3, 6 and 3 hours"
    assert lake.ask("review_response_time", person("lee")).value == 6
    assert lake.ask("review_response_time", person("kim")).coverage == 0.75
    assert lake.ask("review_response_time", person("max")).value == 2, "the request came in after the review"
    assert lake.explain("reviews_given", person("lee"))[0].entity == "review 201 of #2"


def far_east() -> list[Event]:
    return [
        project_created(FAR_EAST, "Far east", time_zone="Asia/Tokyo"),
        repository_connected(FAR_EAST, FAR),
        pull_request(FAR, 1, at(1), login="sam"),
        pull_request(FAR, 1, at(17), action="closed", opened_at=at(1), merged_at=at(17), login="sam"),
        commit(FAR, sha("far1"), at(2)),
        commit(FAR, sha("far2"), at(16), parents=(sha("far1"),)),
    ]


def late() -> list[Event]:
    """Return what comes in when the rest is known: a push, a review and a request, each all that concerns its own."""
    return [
        to_branch(1, 3, "", ("c1", 0), ("c2", 2)),
        # 16:00 is another day in Tokyo.
        review(FAR, 1, at(16), "ash", opener="sam", review_id=1),
        review_request(WRITING, 2, at(28), "max", opener="sam"),
    ]


def test_days_are_those_of_the_project(lake: Lake) -> None:
    first, second = "2026-05-04/2026-05-04", "2026-05-05/2026-05-05"
    project = Scope(ScopeType.PROJECT, FAR_EAST)
    for key, value in (("reviews_given", 1), ("pr_pickup_time", 15), ("review_response_time", 15), ("rework_rate", 1)):
        assert lake.ask(key, project, second).value == value, key
        assert lake.ask(key, project, first).value in (None, 0), key
    for key, value in (("reviews_given", 1), ("review_response_time", 15)):
        assert lake.ask(key, person("ash"), first).value == value, "a person’s days are UTC"


def written() -> list[Event]:
    def told(
        name: str,
        day: float,
        *files: tuple[str, int | None, int | None],
        author: tuple[str, str] = HUMAN,
        co_authors: tuple[tuple[str, str], ...] = (),
    ) -> Event:
        return commit(WRITING, sha(name), on_day(day), files=files, author=author, co_authors=co_authors)

    return [
        project_created(WRITTEN, "Written"),
        repository_connected(WRITTEN, WRITING),
        told("w1", 0, ("a.py", 8, 2), ("b.py", 5, 0), ("empty.py", 0, 0)),
        told("w2", 20, ("a.py", 3, 0), ("empty.py", 1, 0)),
        told("w3", 30, ("a.py", 1, 0)),
        told("w4", 41, ("a.py", 3, 3), ("b.py", 3, 0), ("logo.png", None, None)),
        told("w5", 42, ("a.py", 7, 0), ("new.py", 3, 0), co_authors=(CLAUDE,)),
        told("w6", 45, ("b.py", 1, 1), author=DEPENDABOT),
        # Exactly 21 days after b.py was written.
        told("w7", 66, ("b.py", 9, 0)),
        commit(WRITING, sha("merge"), on_day(66), parents=(sha("w5"), sha("w6"))),
        pull_request(WRITING, 2, at(20), login="sam"),
        review(WRITING, 2, at(30), "max", opener="sam", review_id=2),
        push(WRITING, on_day(44), (sha("pushed"), on_day(44), "Nobody knows how much")),
    ]


def test_rework(lake: Lake) -> None:
    project = Scope(ScopeType.PROJECT, WRITTEN)
    rate = lake.ask("rework_rate", project, "2026")
    # 0, 4, 1, 6, 7, 2 and 0 of 15, 4, 1, 9, 10, 2 and 9 lines.
    assert (rate.value, rate.n, rate.coverage) == (0.4, 7, 7 / 8)
    people = lake.ask("human_rework_rate", project, "2026")
    assert (people.value, people.n, people.coverage) == (pytest.approx(11 / 38), 5, pytest.approx(5 / 6))
    agents = lake.ask("agent_rework_rate", project, "2026")
    assert (agents.value, agents.n, agents.coverage) == (0.7, 1, 1)
    assert lake.ask("agent_rework_rate", Scope(ScopeType.AGENT, agent_key("claude")), "2026").value == 0.7
    assert lake.ask("rework_rate", project, "2026-05").value == pytest.approx(4 / 19)
    evidence = lake.explain("rework_rate", project, "2026-05-20/2026-06-14")
    assert [(each.numerator, each.denominator) for each in evidence] == [(4, 4), (1, 1), (6, 9)]


def examples() -> list[Event]:
    """Return GitHub's own examples of what is read."""
    if not EXAMPLES.exists():
        return []
    return [
        project_created(HELLO, "Hello"),
        repository_connected(HELLO, "Codertocat/Hello-World"),
        *(
            delivery_event(kind["name"], f"{kind['name']}-{number}", payload, b"", project_id=None)
            for kind in json.loads(EXAMPLES.read_text())
            for number, payload in enumerate(kind["examples"])
            if kind["name"] in ("push", "pull_request", "pull_request_review")
        ),
    ]


def strange() -> list[Event]:
    bodies: list[dict[str, Any]] = [
        {},
        {"action": 3, "review": "x", "pull_request": []},
        {"action": "submitted", "review": {"id": [], "user": {"login": 5}, "submitted_at": "2026-05-04T00:00:00Z"}},
        {
            "action": [],
            "review": {"id": 1e300, "user": {"login": "x"}, "state": {}, "submitted_at": "2026-05-04T00:00:00Z"},
            "pull_request": {"number": 1, "user": "nobody", "updated_at": "never", "head": {"sha": {}}},
        },
        {
            "ref": "refs/heads/x",
            "before": 7,
            "after": {},
            "commits": [1, {"id": 3, "distinct": "no", "timestamp": "x"}],
        },
        {"ref": "refs/heads/x", "before": "a", "after": "b", "commits": {}},
        {"ref": [], "commits": None},
    ]
    return [
        github(kind, "strange/reviews", at(0), body)
        for kind in ("pull_request_review", "pull_request", "push")
        for body in bodies
    ]


def test_what_github_sends(lake: Lake) -> None:
    if not EXAMPLES.exists():
        pytest.skip("GitHub's examples are not installed")
    hello = Scope(ScopeType.REPOSITORY, repository_id("Codertocat/Hello-World"))
    assert lake.ask("prs_created", person("codertocat"), "2019-05").value == 1
    assert lake.ask("reviews_given", hello, "2019").value is None, "its author alone said something"
    assert lake.ask("reviews_given", PORTFOLIO).value == 9


def test_the_lake_equals_its_recomputation(lake: Lake) -> None:
    assert check_warehouse(lake.settings).ok
