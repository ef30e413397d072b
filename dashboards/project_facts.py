"""Who works on a project and what they merged lately: what its page shows from the operational tables."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from kino_core.database import ReadSession, query

PULL_REQUESTS_SHOWN = 10
PEOPLE_SHOWN = 12


@dataclass(frozen=True)
class SeenAgent:
    """An agent of a project and when it was last seen there."""

    name: str
    last_seen_at: datetime


@dataclass(frozen=True)
class Crew:
    """People and agents of a project, both by name; `people` is cut, `total_people` is not."""

    people: tuple[str, ...]
    total_people: int
    agents: tuple[SeenAgent, ...]

    @property
    def more_people(self) -> int:
        """Return how many people are not named."""
        return self.total_people - len(self.people)


@dataclass(frozen=True)
class PullRequest:
    """A pull request of the list; `url` only where GitHub itself told of it."""

    number: int
    title: str
    state: str
    author: str | None
    at: datetime | None
    url: str | None


def crew_of(session: ReadSession, project_id: uuid.UUID) -> Crew:
    """Return who works on the project."""
    people = [row.name for row in query(session, _sql("people"), project_id=project_id)]
    agents = [SeenAgent(*row) for row in query(session, _sql("agents"), project_id=project_id)]
    return Crew(tuple(people[:PEOPLE_SHOWN]), len(people), tuple(agents))


def recent_pull_requests(session: ReadSession, project_id: uuid.UUID) -> list[PullRequest]:
    """Return the pull requests that something happened to last, the newest first."""
    return [
        PullRequest(
            number=row.number,
            title=row.title,
            state=row.state,
            author=row.author,
            at=row.happened_at,
            url=f"https://github.com/{row.full_name}/pull/{row.number}" if row.on_github else None,
        )
        for row in query(session, _sql("pull_requests"), project_id=project_id, limit=PULL_REQUESTS_SHOWN)
    ]


@cache
def _sql(name: str) -> str:
    return (files("dashboards") / "sql" / f"{name}.sql").read_text()
