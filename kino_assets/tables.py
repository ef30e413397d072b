"""The silver tables of the lake: what each is kept by, which events can change it, and in what order they are made."""

from dataclasses import dataclass

from kino_core.events import Source


@dataclass(frozen=True)
class Table:
    """A silver table that is kept by replacing whole rows.

    Only events of `sources` can change it, and only those of `types` where it names any.
    """

    name: str
    key: tuple[str, ...]
    sources: frozenset[Source]
    types: frozenset[str] = frozenset()

    @property
    def full_name(self) -> str:
        return f"silver.{self.name}"

    def follows(self, source: Source, event_type: str) -> bool:
        """Return whether such an event can change a row."""
        return source in self.sources and (not self.types or event_type in self.types)


_KINO, _GITHUB, _AGENT = frozenset([Source.KINO]), frozenset([Source.GITHUB]), frozenset([Source.AGENT])
_CODE = frozenset([Source.GIT, Source.GITHUB])

_HISTORY = frozenset(["commit", "push", "pull_request"])
_CHANGES = _HISTORY | frozenset(["pull_request_review"])
_REVIEWS = frozenset(["pull_request", "pull_request_review"])
_TOLD_PROJECT = frozenset(["project_created", "project_changed"])
_TOLD_ITEM = frozenset(["scope_item_created", "scope_item_changed", "scope_item_deleted"])
_TOLD_ACCOUNT = frozenset(["user_changed", "person_erased"])
_MOVES_ITEMS = frozenset(["task_started", "task_completed", "blocker_identified", "blocker_resolved"])
_PLAN = _TOLD_ITEM | _TOLD_PROJECT | _TOLD_ACCOUNT | _MOVES_ITEMS | frozenset(["project_deleted"])

_ALERTS = frozenset(["code_scanning_alert", "dependabot_alert", "secret_scanning_alert"])
# All that can change what became of work. Tables that share what is gathered for a window follow the same events.
_DELIVERY = (
    _HISTORY
    | _ALERTS
    | frozenset(["deployment_status", "release", "issues", "test_execution", "check_run", "status"])
    | frozenset(["repository_connected", "repository_disconnected"])
)
_EVERYONE = frozenset(Source)

# All that can change what became of agents' work. Tables that share what is gathered for a window follow the same.
_WORK = _HISTORY | frozenset(
    [
        "pull_request_review",
        "repository_connected",
        "repository_disconnected",
        "blocker_resolved",
        "task_started",
        "code_commit",
        "test_execution",
        "task_completed",
        "blocker_identified",
    ]
)

# In the order in which each needs the ones before it.
TABLES: tuple[Table, ...] = (
    Table("project", ("project_id",), _KINO, frozenset(["project_created", "project_changed", "project_deleted"])),
    Table("repository", ("repository_id",), _KINO | _CODE),
    Table("commit", ("repository_id", "sha"), _CODE, _CHANGES),
    Table("rework", ("repository_id", "sha"), _CODE, frozenset(["commit", "push"])),
    Table("branch_push", ("event_source", "event_id"), _GITHUB, frozenset(["push"])),
    Table("github_pull_request", ("repository_id", "number"), _GITHUB, frozenset(["pull_request"])),
    Table("pull_request_head", ("repository_id", "number", "sha"), _GITHUB, frozenset(["pull_request"])),
    Table("pull_request_commit", ("repository_id", "number", "sha"), _CODE, _CHANGES),
    Table("review_request", ("event_source", "event_id"), _GITHUB, _REVIEWS),
    Table("review", ("repository_id", "number", "review_id"), _GITHUB, _REVIEWS),
    Table("pull_request", ("repository_id", "number"), _CODE, _CHANGES),
    Table("agent_activity", ("event_source", "event_id"), _AGENT),
    Table("test_run", ("event_source", "event_id"), _AGENT, frozenset(["test_execution"])),
    Table("work_pull_request", ("event_source", "event_id", "repository_id", "number"), _EVERYONE, _WORK),
    Table("blocker_resolution", ("event_source", "event_id"), _KINO, frozenset(["blocker_resolved"])),
    Table(
        "blocker_change",
        ("project_id", "blocker_id"),
        _AGENT | _KINO,
        frozenset(["blocker_identified", "task_completed", "blocker_resolved"]),
    ),
    Table("task", ("project_id", "task_id"), _EVERYONE, _WORK),
    Table("agent_usage", ("project_id", "usage_key"), _EVERYONE, _WORK),
    Table("agent_quarter", ("project_id", "agent_id", "sitting", "quarter"), _AGENT),
    Table("pull_request_cost", ("repository_id", "number"), _EVERYONE, _WORK),
    Table(
        "deployment_event", ("event_source", "event_id"), _GITHUB, frozenset(["deployment_status", "release", "push"])
    ),
    Table("github_issue", ("repository_id", "number"), _GITHUB, frozenset(["issues"])),
    Table("alert_event", ("event_source", "event_id"), _GITHUB, _ALERTS),
    Table("alert_change", ("repository_id", "tool", "number"), _GITHUB, _ALERTS),
    Table("tested_commit", ("place_id", "name", "sha"), _AGENT | _GITHUB, frozenset(["test_execution", "check_run"])),
    Table("coverage_report", ("event_source", "event_id"), _EVERYONE, _DELIVERY),
    Table("delivered_commit", ("repository_id", "sha"), _EVERYONE, _DELIVERY),
    Table("pull_request_outcome", ("repository_id", "number"), _EVERYONE, _DELIVERY),
    Table("incident", ("repository_id", "number"), _EVERYONE, _DELIVERY),
    Table("deployment", ("repository_id", "deployment_key"), _EVERYONE, _DELIVERY),
    Table("alert_origin", ("repository_id", "tool", "number"), _EVERYONE, _DELIVERY),
    Table("project_status", ("event_source", "event_id"), _KINO, _TOLD_PROJECT),
    Table(
        "project_update",
        ("update_id",),
        _KINO,
        frozenset(["update_submitted", "update_changed", "update_deleted"]),
    ),
    Table("dependency", ("dependency_id",), _KINO, frozenset(["dependency_created", "dependency_deleted"])),
    Table("account", ("user_id",), _KINO, _TOLD_ACCOUNT),
    Table("scope_telling", ("event_source", "event_id"), _KINO, _TOLD_ITEM),
    # One after the other, always both: what the first has worked out is what the second tells in full.
    Table("scope_item", ("project_id", "item_id"), _AGENT | _KINO, _PLAN),
    Table("scope_change", ("project_id", "item_id"), _AGENT | _KINO, _PLAN),
)
