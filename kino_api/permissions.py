"""Who may do what: one table of routes, one of roles. A route that is not in the table stops the start."""

from dataclasses import dataclass
from enum import StrEnum

from kino_api.users import Role, User
from kino_core.errors import Forbidden


class Resource(StrEnum):
    """What is acted upon."""

    OWN_SESSION = "own session"
    PROJECT = "projects"
    ACTIVITY = "activity"
    REPORT = "reports"
    TOKEN = "agent tokens"
    REPOSITORY = "repositories"
    DEAD_LETTER = "dead letters"
    METRIC = "metrics"
    AGENT = "agents"
    SYSTEM = "the system's state"


class Action(StrEnum):
    """What is done to it."""

    READ = "read"
    WRITE = "change"


@dataclass(frozen=True)
class Permission:
    """What a route lets its caller do."""

    resource: Resource
    action: Action


class Open(StrEnum):
    """Routes that need nobody signed in, and why."""

    SIGN_IN = "it is how one signs in"
    PUBLIC_KEYS = "public keys are public"
    PROBE = "whatever watches the process has no account"


class NotAllowed(Forbidden):
    """The caller's role does not allow it."""

    code = "NOT_ALLOWED"


READ, WRITE = Action.READ, Action.WRITE

ROUTES: dict[tuple[str, str], Permission | Open] = {
    ("POST", "/auth/login"): Open.SIGN_IN,
    ("POST", "/auth/refresh"): Open.SIGN_IN,
    ("POST", "/auth/setup"): Open.SIGN_IN,
    ("POST", "/auth/logout"): Permission(Resource.OWN_SESSION, WRITE),
    ("GET", "/auth/me"): Permission(Resource.OWN_SESSION, READ),
    ("GET", "/.well-known/jwks.json"): Open.PUBLIC_KEYS,
    ("GET", "/healthz"): Open.PROBE,
    ("GET", "/readyz"): Open.PROBE,
    ("GET", "/health/details"): Permission(Resource.SYSTEM, READ),
    ("GET", "/api/v1/openapi.json"): Permission(Resource.OWN_SESSION, READ),
    ("GET", "/api/v1/initiatives"): Permission(Resource.PROJECT, READ),
    ("POST", "/api/v1/initiatives"): Permission(Resource.PROJECT, WRITE),
    ("GET", "/api/v1/projects"): Permission(Resource.PROJECT, READ),
    ("POST", "/api/v1/projects"): Permission(Resource.PROJECT, WRITE),
    ("GET", "/api/v1/projects/{project_id}"): Permission(Resource.PROJECT, READ),
    ("PATCH", "/api/v1/projects/{project_id}"): Permission(Resource.PROJECT, WRITE),
    ("GET", "/api/v1/projects/{project_id}/activity"): Permission(Resource.ACTIVITY, READ),
    ("GET", "/api/v1/projects/{project_id}/blockers"): Permission(Resource.ACTIVITY, READ),
    ("GET", "/api/v1/projects/{project_id}/metrics"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/projects/{project_id}/repositories"): Permission(Resource.REPOSITORY, READ),
    ("POST", "/api/v1/projects/{project_id}/repositories"): Permission(Resource.REPOSITORY, WRITE),
    ("GET", "/api/v1/projects/{project_id}/tokens"): Permission(Resource.TOKEN, READ),
    ("POST", "/api/v1/projects/{project_id}/tokens"): Permission(Resource.TOKEN, WRITE),
    ("DELETE", "/api/v1/projects/{project_id}/tokens/{token_id}"): Permission(Resource.TOKEN, WRITE),
    ("POST", "/api/v1/projects/{project_id}/tokens/{token_id}/rotate"): Permission(Resource.TOKEN, WRITE),
    ("POST", "/api/v1/projects/{project_id}/tokens/{token_id}/signing-secret"): Permission(Resource.TOKEN, WRITE),
    ("DELETE", "/api/v1/projects/{project_id}/tokens/{token_id}/signing-secret"): Permission(Resource.TOKEN, WRITE),
    ("POST", "/api/v1/projects/{project_id}/repositories/{repository_id}/webhook-secret"): Permission(
        Resource.REPOSITORY, WRITE
    ),
    ("DELETE", "/api/v1/projects/{project_id}/repositories/{repository_id}/webhook-secret"): Permission(
        Resource.REPOSITORY, WRITE
    ),
    ("GET", "/api/v1/dead-letters"): Permission(Resource.DEAD_LETTER, READ),
    ("POST", "/api/v1/dead-letters/replay"): Permission(Resource.DEAD_LETTER, WRITE),
    ("GET", "/api/v1/dead-letters/{letter_id}"): Permission(Resource.DEAD_LETTER, READ),
    ("POST", "/api/v1/dead-letters/{letter_id}/replay"): Permission(Resource.DEAD_LETTER, WRITE),
    ("POST", "/api/v1/dead-letters/{letter_id}/discard"): Permission(Resource.DEAD_LETTER, WRITE),
    ("GET", "/api/v1/agents"): Permission(Resource.AGENT, READ),
    ("GET", "/api/v1/agents/{agent_id}"): Permission(Resource.AGENT, READ),
    ("GET", "/api/v1/metrics"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/metrics/{key}"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/metrics/{key}/explain"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/reports"): Permission(Resource.REPORT, READ),
    ("POST", "/api/v1/reports"): Permission(Resource.REPORT, WRITE),
    ("GET", "/api/v1/reports/{report_id}"): Permission(Resource.REPORT, READ),
    ("GET", "/api/v1/reports/{report_id}/download"): Permission(Resource.REPORT, READ),
    ("GET", "/api/v1/jobs/{job_id}"): Permission(Resource.REPORT, READ),
}

_EVERYTHING = frozenset((resource, action) for resource in Resource for action in Action)
_ROLES: dict[Role | None, frozenset[tuple[Resource, Action]]] = {
    Role.ADMIN: _EVERYTHING,
    Role.MANAGER: _EVERYTHING - {(Resource.SYSTEM, WRITE)},
    None: frozenset({(Resource.OWN_SESSION, READ), (Resource.OWN_SESSION, WRITE)}),
}


class Undeclared(LookupError):
    """A route without a permission: a mistake of ours, found when the process starts."""


def permission_of(method: str, path: str) -> Permission | Open:
    """Return what the route asks of its caller; raises Undeclared."""
    try:
        return ROUTES[method, path]
    except KeyError:
        raise Undeclared(f"{method} {path} declares no permission: add it to ROUTES") from None


def check_permission(user: User, permission: Permission) -> None:
    """Raise NotAllowed when the user's role does not hold the permission."""
    if (permission.resource, permission.action) not in _ROLES[user.role]:
        raise NotAllowed(f"Your account may not {permission.action} {permission.resource}. Ask an administrator.")
