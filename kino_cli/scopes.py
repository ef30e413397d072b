"""The options that say whose number is meant, and the scope they lead to."""

import uuid
from typing import Annotated

import typer

from kino_core.database import Database, ReadSession, query
from kino_core.errors import InvalidInput, NotFound
from kino_core.events import agent_key, repository_id
from kino_core.gold import PORTFOLIO, Scope
from kino_core.identities import identify
from kino_core.metrics import ScopeType
from kino_core.settings import Settings

ProjectOption = Annotated[str | None, typer.Option("--project", metavar="P", help="A project, by name or id.")]
InitiativeOption = Annotated[
    str | None, typer.Option("--initiative", metavar="I", help="An initiative, by name or id.")
]
RepositoryOption = Annotated[str | None, typer.Option("--repository", metavar="R", help="A repository, by its name.")]
PersonOption = Annotated[str | None, typer.Option("--person", metavar="E", help="A person, by e-mail address.")]
AgentOption = Annotated[str | None, typer.Option("--agent", metavar="A", help="An agent, by its own name.")]

_FIND = {
    ScopeType.PROJECT: "SELECT id FROM kino.project"
    " WHERE (lower(name) = lower(:name) OR id::text = lower(:name)) AND deleted_at IS NULL",
    ScopeType.INITIATIVE: "SELECT id FROM kino.initiative WHERE lower(name) = lower(:name) OR id::text = lower(:name)",
    ScopeType.REPOSITORY: "SELECT id FROM kino.repository WHERE id = :key",
    ScopeType.PERSON: "SELECT person_id AS id FROM kino.identity WHERE key = :key AND person_id IS NOT NULL",
    ScopeType.AGENT: "SELECT id FROM kino.agent WHERE id = :key",
}


def find_scope(settings: Settings, names: dict[ScopeType, str | None]) -> Scope:
    """Return the scope that the one given name means, the portfolio when none is given.

    Raises InvalidInput for more than one name and NotFound for a name that nothing has.
    """
    given = {kind: name for kind, name in names.items() if name is not None}
    if not given:
        return PORTFOLIO
    if len(given) > 1:
        options = " and ".join(f"--{kind}" for kind in given)
        raise InvalidInput(f"{options} cannot be combined. Name one of them.")
    [(kind, name)] = given.items()
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            return Scope(kind, _find(session, kind, name))
    finally:
        database.close()


def _find(session: ReadSession, kind: ScopeType, name: str) -> uuid.UUID:
    keys: dict[ScopeType, object] = {
        ScopeType.REPOSITORY: repository_id(name),
        ScopeType.PERSON: identify("", name).key,
        ScopeType.AGENT: agent_key(name),
    }
    values = {"key": keys[kind]} if kind in keys else {"name": name}
    rows = query(session, _FIND[kind], **values)
    if not rows:
        raise NotFound(f"There is no {kind} {name!r}. Check the spelling, or list what there is.")
    found: uuid.UUID = rows[0].id
    return found
