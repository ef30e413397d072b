"""Deployments, incidents, coverage, checks and alerts: hand-computed numbers, GitHub's own examples."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from kino_assets.check import check_warehouse
from kino_core.events import Event, repository_id
from kino_core.gold import PORTFOLIO, MetricValue, Scope
from kino_core.identities import identify, identify_login
from kino_core.lake import connect_lake
from kino_core.metrics import ScopeType
from kino_ingest.github_delivery import delivery_event
from tests.factories.agents import told
from tests.factories.deliveries import alert, check_run, deployment_status, github, issue, push, release
from tests.factories.events import HUMAN, commit, project_created, pull_request, repository_connected, sha
from tests.kino_assets.grown import GrownLake, grown_lake

EXAMPLES = Path(__file__).parents[2] / "node_modules/@octokit/webhooks-examples/api.github.com/index.json"
MONDAY = datetime(2026, 5, 4, tzinfo=UTC)
PROJECT, EAST, HELLO = (uuid.uuid4() for _ in range(3))
NAME, TAGS = "example/kino", "far/tags"
FOUR_WEEKS = 4 * 7 * 24
Windows = Sequence[Sequence[Event]]


@pytest.fixture(scope="module")
def lake(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrownLake]:
    """What every test of this module asks about, each in places and weeks of its own."""
    stories = zip_longest(history_windows(), github_alone(), from_github(), fillvalue=())
    windows = [[event for window in at_once for event in window] for at_once in stories]
    with grown_lake(module_database_url, tmp_path_factory.mktemp("home"), windows) as grown:
        yield grown


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def later(hours: float) -> datetime:
    return at(FOUR_WEEKS + hours)


def agent_tests(project_id: uuid.UUID, hours: float, commit_sha: str, **data: object) -> Event:
    """Return an agent's test run of a commit."""
    return told(project_id, "test_execution", at(hours), commit_sha=commit_sha, **{"passed": 1, "failed": 0, **data})


def history() -> list[Event]:
    """Return six commits, three of them of pull requests; the fourth is never deployed."""
    return [
        commit(NAME, sha("c1"), at(0), parents=(), subject="Begin"),
        commit(NAME, sha("c2"), at(10), parents=(sha("c1"),), subject="Add it (#8)"),
        commit(NAME, sha("c3"), at(20), parents=(sha("c2"),), subject="More"),
        commit(NAME, sha("c4"), at(22), parents=(sha("c3"),), subject="Later (#9)"),
        commit(NAME, sha("c5"), at(40), parents=(sha("c3"),), subject="Add login"),
        commit(NAME, sha("c6"), at(60), parents=(sha("c5"),), subject='Revert "Add login"'),
        pull_request(
            NAME,
            10,
            at(60),
            action="closed",
            opened_at=at(50),
            merged_at=at(60),
            head=sha("head"),
            merge=sha("c6"),
        ),
    ]


def deployments() -> list[Event]:
    """Return five production deployments in five states of health, and what is none."""
    return [
        deployment_status(NAME, 1, at(4), sha("c1")),
        deployment_status(NAME, 1, at(9), sha("c1"), state="inactive"),
        deployment_status(NAME, 2, at(23), sha("c3"), state="in_progress"),
        deployment_status(NAME, 2, at(24), sha("c3")),
        deployment_status(NAME, 20, at(26), sha("c4"), state="failure"),
        deployment_status(NAME, 21, at(26), sha("c4"), environment="staging"),
        deployment_status(NAME, 3, at(30), sha("c1")),
        deployment_status(NAME, 4, at(48), sha("c5"), ref="hotfix/login"),
        deployment_status(NAME, 5, at(72), sha("c6")),
        release(NAME, 6, at(73), "v1.0.0"),
        # The second, by time; nobody's, because it lost its label; the fifth, by its commit, and not restored yet.
        issue(NAME, 50, at(25), opened_at=at(25)),
        issue(NAME, 50, at(34), opened_at=at(25), closed_at=at(34), action="closed"),
        issue(NAME, 52, at(6), opened_at=at(5)),
        issue(NAME, 52, at(7), opened_at=at(5), labels=("bug",), action="unlabeled"),
        issue(NAME, 53, at(6), opened_at=at(5), action="transferred"),
        issue(NAME, 51, at(200), opened_at=at(200), labels=("type: SEV-2",), text=f"since {sha('c6')[:10]}, #12."),
    ]


def findings(project_id: uuid.UUID) -> list[Event]:
    """Return what tests and scanners found in that history."""
    error, leak = {"severity": "error"}, {"severity": "warning", "security_severity_level": "medium"}
    return [
        agent_tests(project_id, 11, sha("c2"), coverage=80, suite="unit"),
        agent_tests(project_id, 61, sha("head"), coverage=0.1),
        agent_tests(project_id, 62, sha("head").upper(), coverage_percent="60"),
        agent_tests(project_id, 63, sha("head"), coverage=180),
        agent_tests(uuid.uuid4(), 64, sha("head"), coverage=5),
        check_run(NAME, at(11), sha("c2"), conclusion="failure"),
        check_run(NAME, at(12), sha("c2")),
        check_run(NAME, at(12), sha("c2"), name="lint"),
        check_run(NAME, at(12), sha("c2"), name="docs", conclusion="skipped"),
        agent_tests(project_id, 25, sha("c3"), suite="unit"),
        agent_tests(project_id, 49, sha("c3"), suite="unit", failed=2),
        alert(NAME, "dependabot", 1, at(1), created_at=at(1), severity="high"),
        alert(NAME, "dependabot", 1, at(50), created_at=at(1), severity="high", action="fixed"),
        alert(NAME, "code_scanning", 1, at(55), created_at=at(55), rule=error, ref="refs/pull/10/merge"),
        alert(NAME, "code_scanning", 1, at(60), created_at=at(55), rule=error, sha=sha("c6"), action="fixed"),
        alert(NAME, "code_scanning", 2, at(20), created_at=at(20), rule=leak, sha=sha("c3")),
        alert(NAME, "code_scanning", 2, at(90), created_at=at(20), rule=leak, action="closed_by_user"),
        alert(NAME, "secret_scanning", 1, at(74), created_at=at(74)),
        # Heard of only when it was over.
        alert(NAME, "code_scanning", 3, at(40), created_at=at(2), rule=error, action="fixed", sha=sha("c2")),
    ]


def history_windows() -> Windows:
    """Late and twice: the deployments before what they deploy, and the first of them last."""
    events = [*deployments(), *findings(PROJECT), *history()]
    made = [project_created(PROJECT, "Kino"), repository_connected(PROJECT, NAME)]
    return [[*made, *events[1::2]], [*reversed(events[0::2]), *events[1:20:2]]]


def test_a_history_in_production(lake: GrownLake) -> None:
    def value(key: str, period: str, scope: Scope | None = None) -> MetricValue:
        return lake.ask(key, period, scope or Scope(ScopeType.PROJECT, PROJECT))

    assert value("deployment_frequency", "2026-W19").value == 5
    assert value("deployment_frequency", "2026-05").value == pytest.approx(5 / (31 / 7))
    assert [value("deployment_days", "2026-W19").value, value("deployment_days", "2026-W20").value] == [4, 0]
    lead = value("change_lead_time", "2026-W19")
    assert (lead.value, lead.p90, lead.n, lead.coverage) == (8, pytest.approx(13.2), 5, 1)
    failures = value("change_failure_rate", "2026-W19")
    assert (failures.value, failures.n) == (0.8, 5)
    recovery = value("failed_deployment_recovery_time", "2026-W19")
    assert (recovery.value, recovery.n, recovery.coverage) == (18, 3, 0.75), "of 10, 18, 24 and not yet"
    assert value("deployment_rework_rate", "2026-W19").value == 0.6
    deploy_time = value("pr_deploy_time", "2026-W19")
    assert (deploy_time.value, deploy_time.n) == (13, 2), "of 14 and 12 hours"
    assert deploy_time.coverage == pytest.approx(2 / 3)
    robin = Scope(ScopeType.PERSON, identify(*HUMAN).person_id)
    assert value("change_lead_time", "2026-W19", robin).n == 5
    assert value("change_failure_rate", "2026-06").value is None

    coverage = value("coverage_avg", "2026-W19")
    assert (coverage.value, coverage.n) == (pytest.approx(0.7), 2), "of 80 % and 60 %"
    assert coverage.coverage == pytest.approx(2 / 3)
    flaky = value("flaky_tests", "2026-W19")
    assert (flaky.value, flaky.n) == (2, 4)
    assert [value("flaky_tests", f"2026-05-0{day}/2026-05-0{day}").value for day in (4, 5, 6)] == [1, 0, 1]
    introduced = value("issues_introduced", "2026-W19")
    assert (introduced.value, introduced.n, introduced.coverage) == (1, 1, 0.2)
    fixed = value("issues_fixed", "2026-W19")
    assert (fixed.value, fixed.coverage) == (2, pytest.approx(2 / 3)), (
        "#10 fixed one, #8 another, Dependabot tells none"
    )
    opener = Scope(ScopeType.PERSON, identify_login("robin").person_id)
    assert [value(key, "2026-W19", opener).value for key in ("issues_introduced", "issues_fixed")] == [1, 1]

    def standing(kind: str, day: int) -> list[float | None]:
        period = f"2026-05-0{day}/2026-05-0{day}"
        return [value(f"{kind}_issues_{each}", period).value for each in ("critical", "high", "medium", "low")]

    assert standing("security", 4) == [0, 1, 1, 0]
    assert standing("security", 6) == [0, 0, 1, 0]
    assert standing("security", 7) == [1, 0, 0, 0]
    assert standing("static", 4) == [0, 1, 0, 0]
    assert standing("static", 6) == [0, 0, 0, 0]
    assert value("static_issues_high", "2026-04").value is None


def github_alone() -> Windows:
    """Contents by time, releases instead of deployments, Codecov, and days of a project far east."""
    return [
        [
            project_created(EAST, "Far east", time_zone="Asia/Tokyo"),
            *(repository_connected(EAST, name) for name in ("far/east", TAGS)),
            push("far/east", later(1), (sha("a"), later(0), "One"), (sha("b"), later(1), "Two (#1)")),
            push("far/east", later(10), (sha("c"), later(9), "Three"), (sha("d"), later(10), "Four (#2)")),
            # Noon and 16:00 are two days in Tokyo; what it deploys first is known, then not.
            deployment_status("far/east", 1, later(12), sha("b"), environment="Production"),
            deployment_status("far/east", 2, later(16), sha("unknown"), environment="eu", production=True),
            check_run(
                "far/east", later(2), sha("b"), name="codecov/project", title="85.50% (+0.10%) compared to 0123456"
            ),
            github(
                "status",
                "far/east",
                later(11),
                {"context": "codecov/project", "sha": sha("d"), "description": "No report found to compare against"},
            ),
            push(TAGS, later(3), (sha("t1"), later(2), "Begin"), (sha("t2"), later(3), "Go on")),
            push(TAGS, later(5), (sha("t3"), later(4), "Not yet")),
            push(TAGS, later(5), (sha("t2"), later(3), "Go on"), ref="refs/tags/v1.0"),
            release(TAGS, 1, later(6), "v1.0"),
            # An agent covers a pull request of a repository that its project connects only later.
            push("far/late", later(3), (sha("l"), later(2), "Late (#1)")),
            agent_tests(EAST, FOUR_WEEKS + 4, sha("l"), coverage=1),
            agent_tests(uuid.uuid4(), FOUR_WEEKS + 5, sha("l"), coverage=0),
            release(TAGS, 2, later(7), "v1.1-rc", prerelease=True),
            issue(
                TAGS,
                7,
                later(99),
                opened_at=later(98),
                closed_at=later(99),
                text="Broken since V1.0.",
                labels=("outage",),
            ),
        ],
        # A first deployment that comes in late makes all its releases mere releases, and a history makes estimates
        # exact.
        [
            deployment_status(TAGS, 9, later(8), sha("t1")),
            repository_connected(EAST, "far/late"),
            commit(TAGS, sha("t1"), later(2), parents=()),
            commit(TAGS, sha("t2"), later(3), parents=(sha("t1"),)),
        ],
    ]


def test_repositories_known_from_github_alone(lake: GrownLake) -> None:
    def ask(key: str, period: str, scope: Scope) -> MetricValue:
        return lake.ask(key, period, scope, after=0)

    in_tokyo, releasing = (Scope(ScopeType.REPOSITORY, repository_id(name)) for name in ("far/east", TAGS))
    assert [ask("deployment_days", "2026-W23", scope).value for scope in (in_tokyo, PORTFOLIO)] == [2, 1]
    assert ask("deployment_frequency", "2026-06-01/2026-06-01", in_tokyo).value == 7, "one on one day"
    assert ask("deployment_frequency", "2026-06-01/2026-06-01", PORTFOLIO).value == 21
    lead = ask("change_lead_time", "2026-W23", in_tokyo)
    assert (lead.value, lead.n) == (9, 4), "of 12, 11, 7 and 6 hours"
    first = ask("change_lead_time", "2026-06-01/2026-06-01", in_tokyo)
    assert (first.value, first.n) == (11.5, 2)
    assert ask("pr_deploy_time", "2026-W23", in_tokyo).value == 8.5
    assert ask("change_failure_rate", "2026-W23", in_tokyo).value == 0
    assert ask("deployment_rework_rate", "2026-W23", in_tokyo).value == 0
    recovery = ask("failed_deployment_recovery_time", "2026-W23", in_tokyo)
    assert (recovery.value, recovery.n, recovery.coverage) == (None, 0, None)
    coverage = ask("coverage_avg", "2026-W23", in_tokyo)
    assert (coverage.value, coverage.n, coverage.coverage) == (0.855, 1, 0.5)

    assert ask("change_lead_time", "2026-W23", releasing).n == 2
    assert ask("change_lead_time", "2026-W23", releasing).value == 3.5
    assert ask("failed_deployment_recovery_time", "2026-W23", releasing).value == 93
    assert ask("flaky_tests", "2026-W23", releasing).value is None

    def ask_late(key: str, scope: Scope) -> MetricValue:
        return lake.ask(key, "2026-W23", scope)

    assert ask_late("deployment_frequency", releasing).value == 1
    lead = ask_late("change_lead_time", releasing)
    assert (lead.value, lead.n) == (6, 1)
    assert ask_late("change_failure_rate", releasing).value == 0
    late = ask_late("coverage_avg", Scope(ScopeType.REPOSITORY, repository_id("far/late")))
    assert (late.value, late.coverage) == (1, 1)


STRANGE: list[dict[str, Any]] = [
    {},
    {"deployment": [], "deployment_status": 1, "release": "x", "issue": [1], "alert": None, "check_run": [], "ref": {}},
    {"action": "created", "alert": {"number": 1e300, "state": [], "created_at": "never", "rule": "x", "instances": {}}},
    {
        "action": "created",
        "alert": {"number": 2, "state": "open", "created_at": "never", "rule": {"severity": {}}},
        "ref": "refs/pull/99999999999999999999/merge",
    },
    {"deployment": {"id": 7, "sha": 5, "ref": []}, "deployment_status": {"state": "success", "environment": "prod"}},
    {"action": "published", "release": {"id": {}, "target_commitish": 3, "tag_name": [], "published_at": 0}},
    {"issue": {"number": 1, "updated_at": "2026-05-04", "state": {}, "labels": [None, {"name": 3}, "x"], "body": 1}},
    {"check_run": {"name": "codecov/project", "head_sha": 1, "output": "x", "status": "completed", "conclusion": []}},
    {"context": "codecov/project", "description": "9" * 400 + "%", "sha": "x", "updated_at": []},
    {"pull_request": {"number": 1, "updated_at": "2026-05-04T00:00:00Z", "head": {"sha": []}, "labels": {}}},
    {"ref": "refs/tags/", "head_commit": {"id": []}, "commits": [1, {"id": 3, "timestamp": "x"}]},
]
READ = {
    *("deployment_status", "release", "push", "issues", "check_run", "status", "pull_request"),
    *("code_scanning_alert", "dependabot_alert", "secret_scanning_alert"),
}


def from_github() -> Windows:
    """GitHub's own examples of what is read, and payloads that nobody should send."""
    if not EXAMPLES.exists():
        return []
    examples = [
        delivery_event(kind["name"], str(uuid.uuid4()), payload, json.dumps(payload).encode(), project_id=None)
        for kind in json.loads(EXAMPLES.read_text())
        for payload in kind["examples"]
        if kind["name"] in READ
    ]
    strange = [github(kind, "strange/payloads", at(0), body) for kind in READ for body in STRANGE]
    tests = [agent_tests(HELLO, 1, "x", coverage=told, suite=[]) for told in ("", "NaN", "1e400", -1, [], {}, None)]
    made = [project_created(HELLO, "Hello"), repository_connected(HELLO, "Codertocat/Hello-World")]
    return [[*examples, *strange, *tests, *made]]


def test_whatever_github_sends(lake: GrownLake) -> None:
    if not EXAMPLES.exists():
        pytest.skip("GitHub's examples are not installed")
    hello = Scope(ScopeType.REPOSITORY, repository_id("Codertocat/Hello-World"))
    assert lake.ask("deployment_frequency", "2019-W20", hello).value == 1, "told three times"
    assert lake.ask("deployment_days", "2019", hello).value == 1
    flaky = lake.ask("flaky_tests", "2019-05", hello)
    assert (flaky.value, flaky.n) == (1, 1), "Octocoders-linter failed and passed"
    levels = [lake.ask(f"static_issues_{each}", "2024", hello).value for each in ("critical", "high", "medium", "low")]
    assert levels in ([0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0])
    with closing(connect_lake(lake.settings, read_only=True)) as tables:
        assert tables.execute(
            "SELECT count(*) FROM silver.alert_event WHERE tool = 'dependabot' AND severity = 'medium'"
        ).fetchone() == (3,)


def test_the_lake_equals_its_recomputation(lake: GrownLake) -> None:
    assert check_warehouse(lake.settings).ok
