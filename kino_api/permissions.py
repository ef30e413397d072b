"""Who may do what: one table of roles, one of routes. A route that is not in the table stops the start."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kino_api.users import ProjectRole, Role, User
from kino_core.errors import Forbidden


class Resource(StrEnum):
    """What is acted upon."""

    OWN_SESSION = "own session"
    OWN_ACCOUNT = "own account"
    PERSONAL_DATA = "personal data"
    INITIATIVE = "initiatives"
    PROJECT = "projects"
    SCOPE = "scope"
    UPDATE = "project updates"
    ANNOTATION = "annotations"
    ACTIVITY = "activity"
    METRIC = "metrics"
    AGENT = "agents"
    REPORT = "reports"
    MEMBER = "members"
    USER = "users"
    SESSION = "sessions of others"
    TOKEN = "agent tokens"
    REPOSITORY = "repositories"
    DEAD_LETTER = "dead letters"
    AUDIT = "the audit"
    SECURITY = "security events"
    JOB = "jobs"
    SYSTEM = "the system's state"


class Action(StrEnum):
    """What is done to it."""

    READ = "read"
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


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


READ, CREATE, CHANGE, DELETE = Action.READ, Action.CREATE, Action.CHANGE, Action.DELETE
ALL = frozenset(Action)
READING = frozenset({READ})
NOTHING = frozenset[Action]()

Grants = Mapping[Resource, frozenset[Action]]

EVERYBODY: Grants = {Resource.OWN_SESSION: ALL, Resource.OWN_ACCOUNT: frozenset({READ, CHANGE})}
"""What whoever is signed in may do."""

EVERYWHERE: Mapping[Role, Grants] = {
    Role.ADMIN: dict.fromkeys(Resource, ALL),
    Role.MANAGER: {
        **dict.fromkeys(Resource, ALL),
        **dict.fromkeys(
            (Resource.USER, Resource.AUDIT, Resource.SECURITY, Resource.JOB, Resource.SYSTEM),
            READING,
        ),
        Resource.SESSION: NOTHING,
        Resource.PERSONAL_DATA: NOTHING,
    },
}
"""What a role may do in every project and outside them."""

IN_OWN_PROJECTS: Mapping[ProjectRole, Grants] = {
    ProjectRole.PROJECT_LEADER: {
        **dict.fromkeys(
            (
                Resource.SCOPE,
                Resource.UPDATE,
                Resource.ANNOTATION,
                Resource.ACTIVITY,
                Resource.REPORT,
                Resource.TOKEN,
                Resource.REPOSITORY,
                Resource.DEAD_LETTER,
            ),
            ALL,
        ),
        Resource.PROJECT: frozenset({READ, CHANGE, DELETE}),
        **dict.fromkeys(
            (Resource.INITIATIVE, Resource.METRIC, Resource.AGENT, Resource.MEMBER, Resource.USER, Resource.AUDIT),
            READING,
        ),
    },
    ProjectRole.MEMBER: {
        **dict.fromkeys(
            (
                Resource.INITIATIVE,
                Resource.PROJECT,
                Resource.SCOPE,
                Resource.ANNOTATION,
                Resource.ACTIVITY,
                Resource.METRIC,
                Resource.AGENT,
                Resource.REPORT,
                Resource.MEMBER,
            ),
            READING,
        ),
        # Their own ones, that is: the module of updates knows whose an update is.
        Resource.UPDATE: ALL,
    },
}
"""What a membership allows in its project, and with what belongs to that project."""

ROUTES: dict[tuple[str, str], Permission | Open] = {
    ("POST", "/auth/login"): Open.SIGN_IN,
    ("POST", "/auth/refresh"): Open.SIGN_IN,
    ("POST", "/auth/setup"): Open.SIGN_IN,
    ("POST", "/auth/logout"): Permission(Resource.OWN_SESSION, CHANGE),
    ("GET", "/auth/me"): Permission(Resource.OWN_SESSION, READ),
    ("POST", "/auth/reauthenticate"): Permission(Resource.OWN_SESSION, CHANGE),
    ("GET", "/auth/sessions"): Permission(Resource.OWN_SESSION, READ),
    ("POST", "/auth/sessions/end-others"): Permission(Resource.OWN_SESSION, DELETE),
    ("DELETE", "/auth/sessions/{own_session_id}"): Permission(Resource.OWN_SESSION, DELETE),
    ("POST", "/auth/password"): Permission(Resource.OWN_ACCOUNT, CHANGE),
    ("POST", "/auth/password/forgot"): Open.SIGN_IN,
    ("POST", "/auth/password/reset"): Open.SIGN_IN,
    ("POST", "/auth/invitation/accept"): Open.SIGN_IN,
    ("POST", "/auth/email/verify"): Open.SIGN_IN,
    ("GET", "/.well-known/jwks.json"): Open.PUBLIC_KEYS,
    ("GET", "/healthz"): Open.PROBE,
    ("GET", "/readyz"): Open.PROBE,
    ("GET", "/health/details"): Permission(Resource.SYSTEM, READ),
    ("GET", "/api/v1/openapi.json"): Permission(Resource.OWN_SESSION, READ),
    ("GET", "/api/v1/users"): Permission(Resource.OWN_ACCOUNT, READ),
    ("POST", "/api/v1/users"): Permission(Resource.USER, CREATE),
    ("GET", "/api/v1/users/{user_id}"): Permission(Resource.OWN_ACCOUNT, READ),
    ("PATCH", "/api/v1/users/{user_id}"): Permission(Resource.OWN_ACCOUNT, CHANGE),
    ("POST", "/api/v1/users/{user_id}/invitation"): Permission(Resource.USER, CREATE),
    ("GET", "/api/v1/users/{user_id}/sessions"): Permission(Resource.SESSION, READ),
    ("DELETE", "/api/v1/users/{user_id}/sessions"): Permission(Resource.SESSION, DELETE),
    # Whose export it is decides: one's own, or for administrators anybody's.
    ("GET", "/api/v1/users/{user_id}/export"): Permission(Resource.PERSONAL_DATA, READ),
    ("POST", "/api/v1/users/{user_id}/erase"): Permission(Resource.PERSONAL_DATA, DELETE),
    ("GET", "/api/v1/initiatives"): Permission(Resource.INITIATIVE, READ),
    ("POST", "/api/v1/initiatives"): Permission(Resource.INITIATIVE, CREATE),
    ("GET", "/api/v1/initiatives/{initiative_id}"): Permission(Resource.INITIATIVE, READ),
    ("PATCH", "/api/v1/initiatives/{initiative_id}"): Permission(Resource.INITIATIVE, CHANGE),
    ("DELETE", "/api/v1/initiatives/{initiative_id}"): Permission(Resource.INITIATIVE, DELETE),
    ("GET", "/api/v1/projects"): Permission(Resource.PROJECT, READ),
    ("POST", "/api/v1/projects"): Permission(Resource.PROJECT, CREATE),
    ("GET", "/api/v1/projects/{project_id}"): Permission(Resource.PROJECT, READ),
    ("PATCH", "/api/v1/projects/{project_id}"): Permission(Resource.PROJECT, CHANGE),
    ("DELETE", "/api/v1/projects/{project_id}"): Permission(Resource.PROJECT, DELETE),
    # Whoever may delete a project may archive it, which is the gentler form.
    ("POST", "/api/v1/projects/{project_id}/archive"): Permission(Resource.PROJECT, DELETE),
    ("POST", "/api/v1/projects/{project_id}/unarchive"): Permission(Resource.PROJECT, DELETE),
    ("GET", "/api/v1/projects/{project_id}/members"): Permission(Resource.MEMBER, READ),
    ("POST", "/api/v1/projects/{project_id}/members"): Permission(Resource.MEMBER, CREATE),
    ("PATCH", "/api/v1/projects/{project_id}/members/{member_id}"): Permission(Resource.MEMBER, CHANGE),
    ("DELETE", "/api/v1/projects/{project_id}/members/{member_id}"): Permission(Resource.MEMBER, DELETE),
    ("GET", "/api/v1/projects/{project_id}/milestones"): Permission(Resource.SCOPE, READ),
    ("POST", "/api/v1/projects/{project_id}/milestones"): Permission(Resource.SCOPE, CREATE),
    ("GET", "/api/v1/projects/{project_id}/milestones/{milestone_id}"): Permission(Resource.SCOPE, READ),
    ("PATCH", "/api/v1/projects/{project_id}/milestones/{milestone_id}"): Permission(Resource.SCOPE, CHANGE),
    ("DELETE", "/api/v1/projects/{project_id}/milestones/{milestone_id}"): Permission(Resource.SCOPE, DELETE),
    ("GET", "/api/v1/projects/{project_id}/dependencies"): Permission(Resource.SCOPE, READ),
    ("POST", "/api/v1/projects/{project_id}/dependencies"): Permission(Resource.SCOPE, CREATE),
    ("DELETE", "/api/v1/projects/{project_id}/dependencies/{dependency_id}"): Permission(Resource.SCOPE, DELETE),
    ("GET", "/api/v1/projects/{project_id}/activity"): Permission(Resource.ACTIVITY, READ),
    ("GET", "/api/v1/projects/{project_id}/blockers"): Permission(Resource.ACTIVITY, READ),
    ("GET", "/api/v1/projects/{project_id}/metrics"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/projects/{project_id}/repositories"): Permission(Resource.REPOSITORY, READ),
    ("POST", "/api/v1/projects/{project_id}/repositories"): Permission(Resource.REPOSITORY, CREATE),
    ("GET", "/api/v1/projects/{project_id}/tokens"): Permission(Resource.TOKEN, READ),
    ("POST", "/api/v1/projects/{project_id}/tokens"): Permission(Resource.TOKEN, CREATE),
    ("DELETE", "/api/v1/projects/{project_id}/tokens/{token_id}"): Permission(Resource.TOKEN, DELETE),
    ("POST", "/api/v1/projects/{project_id}/tokens/{token_id}/rotate"): Permission(Resource.TOKEN, CREATE),
    ("POST", "/api/v1/projects/{project_id}/tokens/{token_id}/signing-secret"): Permission(Resource.TOKEN, CHANGE),
    ("DELETE", "/api/v1/projects/{project_id}/tokens/{token_id}/signing-secret"): Permission(Resource.TOKEN, CHANGE),
    ("POST", "/api/v1/projects/{project_id}/repositories/{repository_id}/webhook-secret"): Permission(
        Resource.REPOSITORY, CHANGE
    ),
    ("DELETE", "/api/v1/projects/{project_id}/repositories/{repository_id}/webhook-secret"): Permission(
        Resource.REPOSITORY, CHANGE
    ),
    ("GET", "/api/v1/projects/{project_id}/scope-items"): Permission(Resource.SCOPE, READ),
    ("POST", "/api/v1/projects/{project_id}/scope-items"): Permission(Resource.SCOPE, CREATE),
    ("PUT", "/api/v1/projects/{project_id}/scope-items/order"): Permission(Resource.SCOPE, CHANGE),
    ("GET", "/api/v1/projects/{project_id}/scope-items/{item_id}"): Permission(Resource.SCOPE, READ),
    ("PATCH", "/api/v1/projects/{project_id}/scope-items/{item_id}"): Permission(Resource.SCOPE, CHANGE),
    ("DELETE", "/api/v1/projects/{project_id}/scope-items/{item_id}"): Permission(Resource.SCOPE, DELETE),
    ("GET", "/api/v1/projects/{project_id}/updates"): Permission(Resource.UPDATE, READ),
    ("POST", "/api/v1/projects/{project_id}/updates"): Permission(Resource.UPDATE, CREATE),
    ("GET", "/api/v1/projects/{project_id}/updates/{update_id}"): Permission(Resource.UPDATE, READ),
    ("PATCH", "/api/v1/projects/{project_id}/updates/{update_id}"): Permission(Resource.UPDATE, CHANGE),
    ("DELETE", "/api/v1/projects/{project_id}/updates/{update_id}"): Permission(Resource.UPDATE, DELETE),
    ("GET", "/api/v1/projects/{project_id}/annotations"): Permission(Resource.ANNOTATION, READ),
    ("POST", "/api/v1/projects/{project_id}/annotations"): Permission(Resource.ANNOTATION, CREATE),
    ("GET", "/api/v1/projects/{project_id}/annotations/{annotation_id}"): Permission(Resource.ANNOTATION, READ),
    ("PATCH", "/api/v1/projects/{project_id}/annotations/{annotation_id}"): Permission(Resource.ANNOTATION, CHANGE),
    ("DELETE", "/api/v1/projects/{project_id}/annotations/{annotation_id}"): Permission(Resource.ANNOTATION, DELETE),
    ("POST", "/api/v1/projects/{project_id}/blockers/{blocker_id}/resolve"): Permission(Resource.ACTIVITY, CHANGE),
    ("GET", "/api/v1/dead-letters"): Permission(Resource.DEAD_LETTER, READ),
    ("POST", "/api/v1/dead-letters/replay"): Permission(Resource.DEAD_LETTER, CHANGE),
    ("GET", "/api/v1/dead-letters/{letter_id}"): Permission(Resource.DEAD_LETTER, READ),
    ("POST", "/api/v1/dead-letters/{letter_id}/replay"): Permission(Resource.DEAD_LETTER, CHANGE),
    ("POST", "/api/v1/dead-letters/{letter_id}/discard"): Permission(Resource.DEAD_LETTER, CHANGE),
    ("GET", "/api/v1/agents"): Permission(Resource.AGENT, READ),
    ("GET", "/api/v1/agents/{agent_id}"): Permission(Resource.AGENT, READ),
    ("GET", "/api/v1/agents/{agent_id}/sessions"): Permission(Resource.AGENT, READ),
    ("GET", "/api/v1/agents/{agent_id}/activity"): Permission(Resource.AGENT, READ),
    ("GET", "/api/v1/agents/{agent_id}/metrics"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/developers/{developer_id}/metrics"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/metrics"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/metrics/{key}"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/metrics/{key}/explain"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/metrics/{key}/restatement"): Permission(Resource.METRIC, READ),
    ("GET", "/api/v1/reports"): Permission(Resource.REPORT, READ),
    ("POST", "/api/v1/reports"): Permission(Resource.REPORT, CREATE),
    ("GET", "/api/v1/reports/{report_id}"): Permission(Resource.REPORT, READ),
    ("GET", "/api/v1/reports/{report_id}/download"): Permission(Resource.REPORT, READ),
    ("GET", "/api/v1/audit"): Permission(Resource.AUDIT, READ),
    ("GET", "/api/v1/projects/{project_id}/audit"): Permission(Resource.AUDIT, READ),
    ("GET", "/api/v1/security-events"): Permission(Resource.SECURITY, READ),
    ("GET", "/api/v1/security-events/summary"): Permission(Resource.SECURITY, READ),
    ("GET", "/api/v1/jobs/{job_id}"): Permission(Resource.OWN_SESSION, READ),
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
    """Raise NotAllowed when the user holds the permission nowhere.

    For what belongs to a project this is the first half of the answer: `access` asks about that project.
    """
    if not may_everywhere(user, permission) and not any(
        _holds(IN_OWN_PROJECTS[role], permission) for role in user.memberships.values()
    ):
        raise not_allowed(permission)


def may_everywhere(user: User, permission: Permission) -> bool:
    """Return whether the user's own role holds the permission, whatever the project."""
    grants = EVERYWHERE[user.role] if user.role is not None else EVERYBODY
    return _holds(grants, permission)


def may_in_project(user: User, permission: Permission, project_id: uuid.UUID | None) -> bool:
    """Return whether the user holds the permission in that project; in none, where the project is None."""
    if may_everywhere(user, permission):
        return True
    role = user.memberships.get(project_id) if project_id is not None else None
    return role is not None and _holds(IN_OWN_PROJECTS[role], permission)


def projects_allowed(user: User, permission: Permission) -> Iterable[uuid.UUID] | None:
    """Return the projects in which the user holds the permission, None for all of them."""
    if may_everywhere(user, permission):
        return None
    return [each for each, role in user.memberships.items() if _holds(IN_OWN_PROJECTS[role], permission)]


def holders_of(permission: Permission) -> list[str]:
    """Return who holds the permission, by role: everywhere, else those who hold it in their own projects."""
    if _holds(EVERYBODY, permission):
        return ["everybody"]
    own = [each for each in ProjectRole if _holds(IN_OWN_PROJECTS[each], permission)]
    return [each.value for each in (*(each for each in Role if _holds(EVERYWHERE[each], permission)), *own)]


def not_allowed(permission: Permission) -> NotAllowed:
    """Return the error of somebody who sees a thing and may not do this to it."""
    return NotAllowed(f"Your account may not {permission.action} {permission.resource}. Ask an administrator.")


def _holds(grants: Grants, permission: Permission) -> bool:
    return permission.action in grants.get(permission.resource, frozenset())
