"""With ten thousand projects every list finds its rows by an index, and reads no big table from end to end."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from kino_api.activity import activity_of_agent, recent_activity
from kino_api.agent_sessions import list_sessions as list_agent_sessions
from kino_api.agents import list_agents
from kino_api.annotations import list_annotations
from kino_api.audit import AuditFilter, list_audit
from kino_api.blockers import open_blockers
from kino_api.dependencies import list_dependencies
from kino_api.initiatives import list_initiatives
from kino_api.members import list_members
from kino_api.milestones import list_milestones
from kino_api.portfolio import list_projects
from kino_api.project_list import ProjectFilter, ProjectSort
from kino_api.project_updates import list_updates
from kino_api.repositories import list_repositories
from kino_api.scope_items import list_items
from kino_api.security_events import SecurityFilter, list_security_events
from kino_api.session_list import list_sessions
from kino_api.tokens import list_tokens
from kino_api.user_accounts import list_accounts
from kino_api.users import Role, User
from kino_core.database import Database, ReadSession
from kino_core.project_states import Priority, ProjectStatus
from kino_core.watch import Suspicion
from kino_ingest.dead_letters import list_letters
from kino_reports.store import list_reports
from tests.factories.portfolio import seed_portfolio

from .statements import statements_of

PROJECTS = 10_000
SOME_PROJECT = uuid.UUID(int=4_321)
SOME_AGENT = uuid.UUID(int=43)
MEMBER = User(uuid.UUID(int=77), "somebody77@example.com", "Somebody", None)
ADMIN = User(uuid.UUID(int=78), "somebody78@example.com", "Somebody", Role.ADMIN)
MANAGER = User(uuid.UUID(int=79), "somebody79@example.com", "Somebody", Role.MANAGER)
SMALL = 200
"""Tables of fewer rows may be read as a whole: that is less than looking anything up."""

LISTS: dict[str, Callable[[ReadSession], object]] = {
    **{
        f"projects by {sort}": lambda session, sort=sort: list_projects(session, sort=sort, limit=51)
        for sort in ProjectSort
    },
    "projects, a later page": lambda session: list_projects(session, after=("project 05000", SOME_PROJECT), limit=51),
    **{
        f"projects by {name}": lambda session, wanted=wanted: list_projects(session, wanted=wanted, limit=51)
        for name, wanted in {
            "initiative": ProjectFilter(initiative_id=uuid.UUID(int=7)),
            "status": ProjectFilter(status=ProjectStatus.AT_RISK),
            "priority": ProjectFilter(priority=Priority.HIGH),
            "owner": ProjectFilter(owner=MEMBER.id),
            "a part of their name": ProjectFilter(text="ject 0432"),
            "health": ProjectFilter(health=ProjectStatus.BLOCKED),
        }.items()
    },
    "projects of a member": lambda session: list_projects(session, MEMBER, limit=51),
    "one project": lambda session: list_projects(session, project_id=SOME_PROJECT),
    "initiatives": lambda session: list_initiatives(session, limit=51),
    "initiatives of a member": lambda session: list_initiatives(session, MEMBER, limit=51),
    "members": lambda session: list_members(session, SOME_PROJECT, limit=51),
    "milestones": lambda session: list_milestones(session, SOME_PROJECT, limit=51),
    "dependencies": lambda session: list_dependencies(session, MEMBER, SOME_PROJECT, limit=51),
    "agents": lambda session: list_agents(session, limit=51),
    "agents of a project": lambda session: list_agents(session, project_id=SOME_PROJECT, limit=51),
    "agents of a member": lambda session: list_agents(session, MEMBER, limit=51),
    "activity": lambda session: recent_activity(session, SOME_PROJECT, 51),
    "activity, a later page": lambda session: recent_activity(
        session, SOME_PROJECT, 51, (datetime.now(UTC), "agent", "x")
    ),
    "activity of an agent": lambda session: activity_of_agent(session, ADMIN, SOME_AGENT, 51),
    "sessions of an agent": lambda session: list_agent_sessions(session, ADMIN, SOME_AGENT, limit=51),
    "scope items": lambda session: list_items(session, SOME_PROJECT, limit=51),
    "scope items, a later page": lambda session: list_items(session, SOME_PROJECT, after=(1, SOME_PROJECT), limit=51),
    "updates": lambda session: list_updates(session, SOME_PROJECT, limit=51),
    "annotations": lambda session: list_annotations(session, SOME_PROJECT, limit=51),
    "repositories": lambda session: list_repositories(session, SOME_PROJECT),
    "tokens": lambda session: list_tokens(session, SOME_PROJECT),
    "users": lambda session: list_accounts(session, ADMIN, limit=51),
    "users, a later page": lambda session: list_accounts(session, ADMIN, after=("somebody 5", SOME_PROJECT), limit=51),
    "users by a part of their name": lambda session: list_accounts(session, ADMIN, text="body 43", limit=51),
    "users of a leader": lambda session: list_accounts(session, MEMBER, limit=51),
    "sessions of a user": lambda session: list_sessions(session, MEMBER.id),
    "audit": lambda session: list_audit(session, ADMIN, AuditFilter()),
    "audit of a manager": lambda session: list_audit(session, MANAGER, AuditFilter()),
    "audit of a project": lambda session: list_audit(session, ADMIN, AuditFilter(), project_id=SOME_PROJECT),
    "audit of an action": lambda session: list_audit(session, ADMIN, AuditFilter(action="LOGIN")),
    "security events": lambda session: list_security_events(session, SecurityFilter()),
    "security events of a kind": lambda session: list_security_events(
        session, SecurityFilter(kind=Suspicion.INJECTION)
    ),
    "security events of an address": lambda session: list_security_events(
        session, SecurityFilter(address="192.0.2.43")
    ),
    "open blockers": lambda session: open_blockers(session, SOME_PROJECT),
    "reports": lambda session: list_reports(session, limit=51),
    "reports of a member": lambda session: list_reports(session, limit=51, scope_ids=[SOME_PROJECT]),
    "dead letters": lambda session: list_letters(session, limit=51),
    "dead letters of a source": lambda session: list_letters(session, source="agent", limit=51),
}
"""Every list, as its route asks for it. A new one belongs here; what it lists, into `factories/portfolio.sql`."""

READ_WHOLE = {"projects by health": {"project", "project_summary", "initiative", "dependency"}}
"""What no index can hold: health depends on the moment. A row a project is read, and none of its history."""


@pytest.fixture(scope="session")
def portfolio(postgres_url: str, _template: str) -> Iterator[Database]:
    """A database with 10,000 projects and what belongs to them, made once."""
    name = f"portfolio_{uuid.uuid4().hex[:12]}"
    url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {_template}".encode())
    seed_portfolio(url, PROJECTS)
    opened = Database(url, statement_timeout_ms=60_000)
    yield opened
    opened.close()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.parametrize("name", LISTS)
def test_no_list_reads_a_big_table_from_end_to_end(portfolio: Database, name: str) -> None:
    with portfolio.read() as session:
        with statements_of(portfolio) as sent:
            LISTS[name](session)
        assert sent
        for statement in sent:
            [[plan]] = session.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.values).all()
            read = set(_read_whole(plan[0]["Plan"]))
            big = {table for table in read if _rows(session, table) > SMALL} - READ_WHOLE.get(name, set())
            assert not big, plan


def _read_whole(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield f"{node.get('Schema', '')}{node['Relation Name']}"
    for below in node.get("Plans", []):
        yield from _read_whole(below)


def _rows(session: ReadSession, table: str) -> int:
    found = session.exec_driver_sql("SELECT max(reltuples) FROM pg_class WHERE relname = %s", (table,)).scalar()
    return int(found or 0)
