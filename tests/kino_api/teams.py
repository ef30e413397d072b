"""Two teams that share one Kino, and what tells afterwards whether either learned or changed anything of the other."""

import re
import uuid
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec
from sqlalchemy import insert, update

from kino_api.initiatives import create_initiative
from kino_api.projects import create_project
from kino_api.sessions import open_session
from kino_api.users import ProjectRole, Role, User
from kino_core.database import WriteSession, query
from kino_core.events import Event, agent_key
from kino_core.live import LiveKind, LiveMessage, connect_publisher, project_topic, publish
from kino_core.tables import project, project_member
from kino_core.tables import user as user_table
from kino_ingest.announce import Announcer
from kino_ingest.fold.run import fold_next, fold_pending
from kino_ingest.landing import land
from kino_ingest.summaries import recount_touched
from tests.factories.events import agent_report, commit

from .conftest import Kino, until
from .sides import store_report

WORD = re.compile(r"zq[0-9a-f]{12}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CURSOR = re.compile(r'(?:next_cursor":"|cursor=)([\w-]+)')

TABLES = """
SELECT format('%I.%I', space.nspname, class.relname) AS name,
    EXISTS (SELECT FROM pg_attribute AS id WHERE id.attrelid = class.oid AND id.attname = 'id'
            AND id.atttypid = 'uuid'::regtype) AS has_id
FROM pg_class AS class
JOIN pg_namespace AS space ON space.oid = class.relnamespace
JOIN pg_attribute AS of_project ON of_project.attrelid = class.oid AND of_project.attname = 'project_id'
WHERE class.relkind IN ('r', 'p') AND NOT class.relispartition AND space.nspname IN ('kino', 'landing')
ORDER BY 1
"""
"""Every table whose rows belong to a project, a new one as soon as it is there."""


def word() -> str:
    """Return a word that stands nowhere else."""
    return f"zq{uuid.uuid4().hex[:12]}"


@dataclass(eq=False)
class Person:
    """Somebody who signs in; `team` is theirs now, `past` those they belonged to before.

    A guest is a member of the other team besides, and may know of both.
    """

    user: User
    name: str
    team: "Team"
    role: ProjectRole
    client: httpx.Client
    past: set["Team"] = field(default_factory=set)
    guest: bool = False


@dataclass(eq=False)
class Team:
    """A team with its projects, the objects in them by kind, and the word that all its texts hold."""

    word: str
    projects: list[uuid.UUID] = field(default_factory=list)
    initiative: str = ""
    people: list[Person] = field(default_factory=list)
    # (project, id) of what was made, by kind.
    objects: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    made: int = 0

    @property
    def agent(self) -> str:
        return f"agent-{self.word}"

    def week(self) -> dict[str, str]:
        """Return a week that nobody has written about."""
        self.made += 1
        monday = date(2001, 1, 1) + timedelta(weeks=self.made)
        return {"period_start": str(monday), "period_end": str(monday + timedelta(days=6))}

    def remember(self, kind: str, project_id: object, made: object) -> None:
        self.objects.setdefault(kind, []).append((str(project_id), str(made)))


class Teams:
    """Two teams in one Kino; `owners` says whose each id and each word is."""

    def __init__(self, kino: Kino) -> None:
        self.kino = kino
        self.owners: dict[str, set[Team]] = {}
        with kino.database.read() as session:
            self._tables = [(row.name, row.has_id) for row in query(session, TABLES)]
        self.admin = kino.signed_in_as(Role.ADMIN)
        self.topics: set[str] = set()
        self._redis = connect_publisher(kino.settings.redis_url or "")
        self.both = (self._team(), self._team())

    def other(self, team: Team) -> Team:
        return self.both[1] if team is self.both[0] else self.both[0]

    def close(self) -> None:
        for team in self.both:
            for person in team.people:
                person.client.close()
        self.admin.close()
        self._redis.close()

    def end_of_news(self) -> None:
        """Tell every open page the last thing that it has to hear for now."""
        end = LiveMessage(sorted(self.topics), LiveKind.PROJECT, {"end": "of it"})
        # A slow Redis is given up soon, by those who tell it events too.
        until(lambda: publish(self._redis, [end]))

    def _team(self) -> Team:
        team = Team(word())
        self.owners[team.word] = {team}
        with self.kino.database.write() as session:
            made = create_initiative(session, f"Initiative {team.word}", description=team.word)
            team.initiative = str(made.id)
            self.owners[team.initiative] = {team}
        for role in (ProjectRole.PROJECT_LEADER, ProjectRole.MEMBER, ProjectRole.MEMBER):
            team.people.append(self._person(team, role))
        for _ in range(2):
            self.add_project(team)
        self.owners[str(agent_key(team.agent))] = {team}
        self._tell_history(team)
        return team

    def _person(self, team: Team, role: ProjectRole) -> Person:
        name = word()
        somebody = User(uuid.uuid4(), f"{name}@example.com", name, None)
        with self.kino.database.write() as session:
            row = {"id": somebody.id, "email": somebody.email, "name": name, "password_hash": "none"}
            session.execute(insert(user_table).values(row))
        self.owners |= {name: {team}, str(somebody.id): {team}}
        person = Person(somebody, name, team, role, self.kino.client(Accept="text/html, application/json"))
        person.client.timeout = httpx.Timeout(60)
        self.sign_in(person)
        return person

    def sign_in(self, person: Person) -> None:
        with self.kino.database.write() as session:
            grant = open_session(session, self.kino.app.state.resources.tokens, person.user)
        person.client.headers["Authorization"] = f"Bearer {grant.access_token}"

    def add_project(self, team: Team) -> None:
        """Make another project of the team, as an administrator does, with everybody of the team in it."""
        with self.kino.database.write() as session:
            made = create_project(session, f"Project {word_in(team)}", uuid.UUID(team.initiative)).id
            session.execute(update(project).where(project.c.id == made).values(description=team.word))
            team.remember("report", made, store_report(session, self.kino, made))
            team.projects.append(made)
            self.topics.add(project_topic(made))
            for person in team.people:
                self._join(session, made, person)
        self.learn(team)

    def moved(self, person: Person, role: ProjectRole) -> None:
        """Note that an administrator took somebody out of their team and into the other one."""
        left, joined = person.team, self.other(person.team)
        self.shared(person)
        left.people.remove(person)
        joined.people.append(person)
        person.past.add(left)
        person.team, person.role = joined, role

    def shared(self, person: Person) -> None:
        """Note that both teams know somebody from now on."""
        for known in (person.name, str(person.user.id)):
            self.owners[known] = set(self.both)

    @staticmethod
    def _join(session: WriteSession, project_id: uuid.UUID, person: Person) -> None:
        values = {"project_id": project_id, "user_id": person.user.id, "role": person.role.value}
        session.execute(insert(project_member).values(values))

    def _tell_history(self, team: Team) -> None:
        """Land an event that could not be folded, and work in a repository."""
        project_id, now = team.projects[0], datetime.now(UTC)
        broken = agent_report(project_id, "task_started", now, agent=team.agent, task=team.word, event_id=team.word)
        self.land(team, [msgspec.structs.replace(broken, project_id=None)])
        with self.kino.database.write() as session:
            event = "UPDATE landing.event SET project_id = :project_id WHERE event_id = :event_id RETURNING id"
            [landed] = query(session, event, project_id=project_id, event_id=broken.event_id)
            # It could be folded now, at whatever moment its next try comes.
            letter = "UPDATE landing.dead_letter SET next_try_at = NULL WHERE event_row = :row RETURNING id"
            team.remember("letter", project_id, query(session, letter, row=landed.id)[0].id)
        author = (team.word, f"{team.word}@example.org")
        change = commit(f"acme/{team.word}", uuid.uuid4().hex.ljust(40, "0"), now, author=author, project_id=project_id)
        blocker = agent_report(
            project_id, "blocker_identified", now, agent=team.agent, blocker_id=team.word, description=team.word
        )
        self.land(team, [change, blocker])
        team.remember("agent", project_id, agent_key(team.agent))

    def land(self, team: Team, events: Iterable[Event]) -> None:
        """Land events, fold them, tell the open pages and count, as door and worker do."""
        with self.kino.database.write() as session:
            land(session, list(events))
        self.work()
        self.learn(team)

    def work(self) -> None:
        """Do what the worker does."""
        announcer = Announcer(self._redis)
        while fold_pending(self.kino.database):
            changes = fold_next(self.kino.database).changes
            announcer.tell(changes)
        while counted := recount_touched(self.kino.database):
            announcer.forget(counted)

    def learn(self, team: Team) -> None:
        """Note the id of every row that belongs to one of the team's projects."""
        with self.kino.database.read() as session:
            ids = " UNION ALL ".join(
                f"SELECT id::text FROM {name} WHERE project_id = ANY (:projects)"
                for name, has_id in self._tables
                if has_id
            )
            found = [row.id for row in query(session, ids, projects=team.projects)]
        for each in [*found, *map(str, team.projects)]:
            self.owners.setdefault(each, {team})

    def rows_of(self, team: Team) -> dict[str, Any]:
        """Return a digest of everything that belongs to the team, table by table."""
        # When a token was last used is noted some time afterwards.
        row = "(to_jsonb(whole) - 'last_used_at')::text"
        digests = [
            f"SELECT '{name}' AS name, md5(string_agg({row}, '' ORDER BY {row})) AS digest"
            f" FROM {name} AS whole WHERE project_id = ANY (:projects)"
            for name, _ in self._tables
        ]
        users = [person.user.id for person in team.people]
        for name, column, ids in (
            ("kino.project", "id", "projects"),
            ('kino."user"', "id", "users"),
            ("kino.session", "user_id", "users"),
            ("kino.initiative", "id", "initiatives"),
            ("kino.report", "scope_id", "projects"),
        ):
            digests.append(
                f"SELECT '{name}', md5(string_agg({row}, '' ORDER BY {row})) FROM {name} AS whole"
                f" WHERE {column} = ANY (:{ids})"
            )
        values = {"projects": team.projects, "users": users, "initiatives": [uuid.UUID(team.initiative)]}
        with self.kino.database.read() as session:
            return {row.name: row.digest for row in query(session, " UNION ALL ".join(digests), **values)}

    def leaks(self, text: str, team: Team, *, sent: str = "", besides: Iterable[Team] = ()) -> list[str]:
        """Return the words and ids in a text that are not the team's, those that were sent aside."""
        allowed = {team, *besides}
        for cursor in CURSOR.findall(text):
            text += urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("utf-8", "replace")
        found = {*WORD.findall(text), *UUID.findall(text)}
        # A word that nobody here made is of two teams before these.
        whose: Mapping[str, set[Team]] = {each: self.owners.get(each, set()) for each in found}
        foreign = [each for each, owners in whose.items() if not owners & allowed and (owners or WORD.fullmatch(each))]
        return [each for each in foreign if each not in sent]


def word_in(team: Team) -> str:
    """Return a text that is the team's and nothing else."""
    team.made += 1
    return f"{team.word} {team.made}"
