"""What the people of a team ask for: of their own things, of everything, and of the other team's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .teams import Team, word_in

MAKES: dict[str, Callable[[Team], dict[str, Any]]] = {
    "milestones": lambda team: {"name": word_in(team), "description": team.word},
    "scope-items": lambda team: {"title": word_in(team), "description": team.word, "key": word_in(team)},
    "updates": lambda team: {"overall_status": "ON_TRACK", "notes": team.word, **team.week()},
    "annotations": lambda team: {"day": "2026-03-01", "text": word_in(team)},
    "tokens": lambda team: {},
    "repositories": lambda team: {"full_name": f"acme/{word_in(team)}".replace(" ", "-")},
}
"""What is made in a project, and of what."""

EDITS: dict[str, dict[str, Any]] = {
    "milestones": {"due_date": "2026-12-01"},
    "scope-items": {"status": "IN_PROGRESS"},
    "updates": {"overall_status": "AT_RISK"},
    "annotations": {"metric": "commits"},
}
"""What of it is changed."""

OF_A_PROJECT = [
    "",
    "/activity",
    "/annotations",
    "/audit",
    "/blockers",
    "/dependencies",
    "/members",
    "/metrics",
    "/milestones",
    "/repositories",
    "/scope-items",
    "/tokens",
    "/updates",
]

EVERYWHERE = [
    "/api/v1/agents",
    "/api/v1/agents?limit=1",
    "/api/v1/audit",
    "/api/v1/audit?limit=5",
    "/api/v1/dead-letters",
    "/api/v1/initiatives",
    "/api/v1/metrics/commits",
    "/api/v1/projects",
    "/api/v1/projects?archived=true&sort=-name&limit=1",
    "/api/v1/reports",
    "/api/v1/security-events",
    "/api/v1/users",
    "/api/v1/users?limit=1",
    "/auth/me",
    "/auth/sessions",
    "/",
    "/?sort=-activity",
    "/projects.csv",
    "/reports",
    "/operations",
]

SEARCHES = [
    "/api/v1/projects?q={}",
    "/api/v1/initiatives?q={}",
    "/api/v1/users?q={}",
    "/api/v1/audit?request_id={}",
    "/api/v1/metrics/commits?project={}",
    "/api/v1/metrics/commits?initiative=Initiative {}",
    "/api/v1/metrics/commits?repository=acme/{}",
    "/api/v1/metrics/commits?agent=agent-{}",
    "/api/v1/metrics/commits/explain?person={}@example.org",
    "/?q={}",
    "/projects.csv?q={}",
]
"""Where a word may be asked for."""


@dataclass(frozen=True)
class Prying:
    """A request with the id of another team's object in place of `{}`.

    `OWN` is a project of one's own, and `IN` that or the other's.
    """

    kind: str
    method: str
    path: str
    body: Any = None


OWN, IN = "/api/v1/projects/OWN", "/api/v1/projects/IN"
ASSIGNED = {"title": "Mine", "assignee_id": "{}"}
REPORT = {"kind": "qbr", "period": "2026"}

PRYING = [
    *(Prying("project", "GET", f"/api/v1/projects/{{}}{path}") for path in OF_A_PROJECT),
    *(Prying("project", "POST", f"/api/v1/projects/{{}}/{kind}", make) for kind, make in MAKES.items()),
    Prying("project", "PATCH", "/api/v1/projects/{}", {"description": "Mine"}),
    Prying("project", "POST", "/api/v1/projects/{}/archive"),
    Prying("project", "DELETE", "/api/v1/projects/{}"),
    Prying("project", "GET", "/projects/{}"),
    Prying("project", "GET", "/projects/{}/metrics/commits"),
    Prying("project", "GET", "/api/v1/metrics/commits?project={}"),
    Prying("project", "GET", "/api/v1/agents?project_id={}"),
    Prying("project", "GET", "/api/v1/audit?entity_id={}"),
    Prying("project", "POST", f"{OWN}/dependencies", {"depends_on_project_id": "{}"}),
    Prying("project", "POST", "/api/v1/reports", {**REPORT, "scope": {"project": "{}"}}),
    Prying("initiative", "GET", "/api/v1/initiatives/{}"),
    Prying("initiative", "PATCH", "/api/v1/initiatives/{}", {"description": "Mine"}),
    Prying("initiative", "DELETE", "/api/v1/initiatives/{}"),
    Prying("initiative", "GET", "/api/v1/projects?initiative_id={}"),
    Prying("initiative", "GET", "/api/v1/metrics/commits?initiative={}"),
    Prying("initiative", "PATCH", OWN, {"initiative_id": "{}"}),
    Prying("initiative", "POST", "/api/v1/reports", {**REPORT, "scope": {"initiative": "{}"}}),
    Prying("person", "GET", "/api/v1/users/{}"),
    Prying("person", "PATCH", "/api/v1/users/{}", {"name": "Mine"}),
    Prying("person", "GET", "/api/v1/users/{}/export"),
    Prying("person", "POST", "/api/v1/users/{}/erase"),
    Prying("person", "GET", "/api/v1/users/{}/sessions"),
    Prying("person", "DELETE", "/api/v1/users/{}/sessions"),
    Prying("person", "GET", "/api/v1/developers/{}/metrics"),
    Prying("person", "GET", "/api/v1/projects?owner={}"),
    Prying("person", "GET", "/api/v1/audit?actor={}"),
    Prying("person", "POST", f"{OWN}/members", {"user_id": "{}"}),
    Prying("person", "DELETE", f"{OWN}/members/{{}}"),
    Prying("person", "POST", f"{OWN}/scope-items", {**ASSIGNED, "assignee_type": "USER"}),
    Prying("agent", "GET", "/api/v1/agents/{}"),
    Prying("agent", "GET", "/api/v1/agents/{}/sessions"),
    Prying("agent", "GET", "/api/v1/agents/{}/activity"),
    Prying("agent", "GET", "/api/v1/agents/{}/metrics"),
    Prying("agent", "GET", "/api/v1/metrics/commits?agent={}"),
    Prying("agent", "POST", f"{OWN}/scope-items", {**ASSIGNED, "assignee_type": "AGENT"}),
    Prying("letter", "GET", "/api/v1/dead-letters/{}"),
    Prying("letter", "POST", "/api/v1/dead-letters/{}/replay"),
    Prying("letter", "POST", "/api/v1/dead-letters/{}/discard"),
    Prying("report", "GET", "/api/v1/reports/{}"),
    Prying("report", "GET", "/api/v1/reports/{}/download?format=html"),
    Prying("milestones", "POST", f"{OWN}/scope-items", {"title": "Mine", "milestone_id": "{}"}),
    Prying("scope-items", "POST", f"{OWN}/annotations", {"day": "2026-01-01", "text": "x", "scope_item_id": "{}"}),
    Prying("scope-items", "PUT", f"{OWN}/scope-items/order", {"order": ["{}"]}),
    Prying("scope-items", "GET", f"{OWN}/annotations?scope_item_id={{}}"),
    *(Prying(kind, "GET", f"{IN}/{kind}/{{}}") for kind in EDITS),
    *(Prying(kind, "PATCH", f"{IN}/{kind}/{{}}", body) for kind, body in EDITS.items()),
    *(Prying(kind, "DELETE", f"{IN}/{kind}/{{}}") for kind in (*EDITS, "tokens")),
    Prying("tokens", "POST", f"{IN}/tokens/{{}}/rotate"),
    Prying("tokens", "POST", f"{IN}/tokens/{{}}/signing-secret"),
    Prying("repositories", "POST", f"{IN}/repositories/{{}}/webhook-secret"),
    Prying("repositories", "GET", "/api/v1/metrics/commits?repository={}"),
]
