"""Whatever the people of two teams do, neither learns of the other's objects, and none changes the other's rows.

The games are always the same ones; `TWO_TEAMS=200x40 .venv/bin/pytest -n 0 tests/kino_api/test_two_teams.py` plays 200
others of 40 moves.
"""

import json
import os
import re
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import ClassVar

import httpx
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from kino_api.users import ProjectRole
from tests.factories.events import agent_report

from .conftest import Kino
from .team_moves import EDITS, EVERYWHERE, MAKES, OF_A_PROJECT, PRYING, SEARCHES, Prying
from .teams import Person, Team, Teams, word_in

ALWAYS_THE_SAME = "TWO_TEAMS" not in os.environ
GAMES, MOVES = (int(number) for number in os.environ.get("TWO_TEAMS", "6x25").split("x"))

PEOPLE = st.integers(0, 5)
WHICH = st.integers(0, 1_000)


class TwoTeams(RuleBasedStateMachine):
    """People of either team do as they like."""

    kino: ClassVar[Kino]

    @initialize()
    def begin(self) -> None:
        self.teams = Teams(self.kino)
        self.pages: list[tuple[Person, ClientConnection]] = []
        self.sockets = ExitStack()
        for leader in (team.people[0] for team in self.teams.both):
            for kind in MAKES:
                self._make(leader, kind, 0)

    def teardown(self) -> None:
        if hasattr(self, "teams"):
            self.sockets.close()
            self.teams.close()

    @rule(who=PEOPLE, kind=st.sampled_from(sorted(MAKES)), which=WHICH)
    def make(self, who: int, kind: str, which: int) -> None:
        self._make(self._person(who), kind, which)

    def _make(self, person: Person, kind: str, which: int) -> None:
        project_id = self._project(person.team, which)
        answer = self._ask(person, "POST", f"/api/v1/projects/{project_id}/{kind}", MAKES[kind](person.team))
        if answer.status_code == 201:
            person.team.remember(kind, project_id, answer.json()["id"])

    @rule(who=PEOPLE, kind=st.sampled_from(sorted(EDITS)), which=WHICH, gone=st.booleans())
    def edit_or_delete(self, who: int, kind: str, which: int, gone: bool) -> None:
        person = self._person(who)
        made = person.team.objects.get(kind)
        if made:
            project_id, key = made.pop(which % len(made)) if gone else made[which % len(made)]
            url = f"/api/v1/projects/{project_id}/{kind}/{key}"
            self._ask(person, "DELETE" if gone else "PATCH", url, None if gone else EDITS[kind])

    @rule(who=PEOPLE, which=WHICH)
    def wait_for_another_project(self, who: int, which: int) -> None:
        person = self._person(who)
        one, other = self._project(person.team, which), self._project(person.team, which + 1)
        self._ask(person, "POST", f"/api/v1/projects/{one}/dependencies", {"depends_on_project_id": other})

    @rule(who=PEOPLE, which=WHICH)
    def look_at_a_project(self, who: int, which: int) -> None:
        person = self._person(who)
        project_id = self._project(person.team, which)
        for path in OF_A_PROJECT[which % 3 :: 3]:
            self._ask(person, "GET", f"/api/v1/projects/{project_id}{path}")
        self._ask(person, "GET", f"/projects/{project_id}")

    @rule(who=PEOPLE, which=WHICH)
    def look_around(self, who: int, which: int) -> None:
        for path in EVERYWHERE[which % 3 :: 3]:
            self._ask(self._person(who), "GET", path)

    @rule(who=PEOPLE, which=WHICH)
    def search(self, who: int, which: int) -> None:
        person = self._person(who)
        for path in SEARCHES[which % 2 :: 2]:
            self._ask(person, "GET", path.format(person.team.word))
            if not person.guest:
                self._alike(person, "GET", path, self.teams.other(person.team).word, "zq0123456789ab")

    @rule(who=PEOPLE, which=WHICH, inside=st.booleans())
    def pry(self, who: int, which: int, inside: bool) -> None:
        person = self._person(who)
        if not person.guest:
            for way in PRYING[which % 12 :: 12]:
                self._pry(person, way, which, inside)

    def _pry(self, person: Person, way: Prying, which: int, inside: bool) -> None:
        found = self._of(self.teams.other(person.team), way.kind, which)
        if found is None or person.team in self.teams.owners.get(found[1], ()):
            return
        own = self._project(person.team, which)
        path = way.path.replace("OWN", own).replace("IN", own if inside else found[0])
        missing = str(10**12 + which) if way.kind == "letter" else str(uuid.uuid4())
        body = way.body(person.team) if callable(way.body) else way.body
        self._alike(person, way.method, path, found[1], missing, body)

    @rule(who=PEOPLE)
    def take_along_what_is_kept_of_oneself(self, who: int) -> None:
        person = self._person(who)
        answer = self._ask(person, "GET", f"/api/v1/users/{person.user.id}/export", besides=person.past)
        assert answer.status_code == 200

    @rule(who=PEOPLE, which=WHICH)
    def archive_and_bring_back(self, who: int, which: int) -> None:
        person = self._person(who)
        url = f"/api/v1/projects/{self._project(person.team, which)}"
        self._ask(person, "POST", f"{url}/archive")
        self._ask(person, "PATCH", url, {"description": word_in(person.team)})
        self._ask(person, "POST", f"{url}/unarchive")

    @rule(who=PEOPLE, which=WHICH)
    def delete_a_project(self, who: int, which: int) -> None:
        person = self._person(who)
        team, project_id = person.team, self._project(person.team, which)
        answer = self._ask(person, "DELETE", f"/api/v1/projects/{project_id}")
        if answer.status_code == 204:
            team.projects.remove(uuid.UUID(project_id))
            team.objects = {
                kind: [each for each in made if each[0] != project_id or kind == "agent"]
                for kind, made in team.objects.items()
            }
            self.teams.add_project(team)

    @rule(who=PEOPLE)
    def close_a_blocker(self, who: int) -> None:
        person = self._person(who)
        for project_id in person.team.projects:
            for key in (person.team.word, self.teams.other(person.team).word):
                self._ask(person, "POST", f"/api/v1/projects/{project_id}/blockers/{key}/resolve")

    @rule(which=WHICH, team=st.integers(0, 1))
    def hear_what_an_agent_does(self, which: int, team: int) -> None:
        acting = self.teams.both[team]
        project_id = uuid.UUID(self._project(acting, which))
        kind = ("task_started", "task_completed", "blocker_identified")[which % 3]
        data = {"description": acting.word, "blocker_id": acting.word}
        event = agent_report(project_id, kind, datetime.now(UTC), agent=acting.agent, task=acting.word, **data)
        self.teams.land(acting, [event])
        self._hear()

    @rule(team=st.integers(0, 1), which=WHICH)
    def send_with_a_token(self, team: int, which: int) -> None:
        sender, other = self.teams.both[team], self.teams.both[1 - team]
        own = self._project(sender, which)
        body = {"agent_id": sender.agent, "event_type": "task_started", "task_id": sender.word, "data": {}}
        leader = next((each for each in sender.people if each.role is ProjectRole.PROJECT_LEADER), None)
        if leader is None:
            return
        made = self._ask(leader, "POST", f"/api/v1/projects/{own}/tokens", {})
        self.teams.work()
        with self.kino.client(Authorization=f"Bearer {made.json()['token']}") as agent:
            before = self.teams.rows_of(other)
            answers = [
                agent.post(
                    "/webhooks/agent-update",
                    json=body | {"timestamp": datetime.now(UTC).isoformat(), "project_id": str(project_id)},
                )
                for project_id in (self._project(other, which), uuid.uuid4(), own)
            ]
            assert [each.status_code for each in answers] == [403, 403, 202]
            assert _comparable(answers[0]) == _comparable(answers[1])
            assert agent.get("/api/v1/projects").status_code == 401
            self.teams.work()
            assert self.teams.rows_of(other) == before
        self.teams.learn(sender)

    @rule(who=PEOPLE, which=WHICH)
    def open_a_page(self, who: int, which: int) -> None:
        person = self._person(who)
        page = self.sockets.enter_context(self._socket(person))
        page.send(json.dumps({"subscribe": ["portfolio", f"project:{self._project(person.team, which)}"]}))
        assert page.recv(timeout=20) == '{"kind":"subscribed"}'
        self.pages.append((person, page))
        if person.guest:
            return
        foreign = self._project(self.teams.other(person.team), which)
        with self._socket(person) as refused:
            refused.send(json.dumps({"subscribe": [f"project:{foreign}"]}))
            assert _rest(refused) == ([], 1008)

    @rule(who=PEOPLE, role=st.sampled_from(ProjectRole))
    def move_over(self, who: int, role: ProjectRole) -> None:
        person = self._person(who)
        left, joined = person.team, self.teams.other(person.team)
        if len(left.people) == 1 or person.guest:
            return
        for project_id in left.projects:
            gone = self.teams.admin.delete(f"/api/v1/projects/{project_id}/members/{person.user.id}")
            assert gone.status_code == 204
        for project_id in joined.projects:
            member = {"user_id": str(person.user.id), "role": role.value}
            assert self.teams.admin.post(f"/api/v1/projects/{project_id}/members", json=member).status_code == 201
        self.teams.moved(person, role)
        self._hear()

    @rule(who=PEOPLE)
    def help_the_others_too(self, who: int) -> None:
        person = self._person(who)
        if person.guest or self.teams.other(person.team) in person.past:
            return
        person.guest = True
        self.teams.shared(person)
        for project_id in self.teams.other(person.team).projects:
            member = {"user_id": str(person.user.id)}
            assert self.teams.admin.post(f"/api/v1/projects/{project_id}/members", json=member).status_code == 201
        self._hear()
        for mate in person.team.people:
            self._ask(mate, "GET", f"/api/v1/users/{person.user.id}")

    @rule(who=PEOPLE, role=st.sampled_from(ProjectRole))
    def become(self, who: int, role: ProjectRole) -> None:
        person = self._person(who)
        person.role = role
        for project_id in person.team.projects:
            url = f"/api/v1/projects/{project_id}/members/{person.user.id}"
            assert self.teams.admin.patch(url, json={"role": role.value}).status_code == 200
        self._hear()

    @rule(who=PEOPLE)
    def leave_and_come_back(self, who: int) -> None:
        person = self._person(who)
        self._ask(person, "POST", "/auth/logout")
        assert self._ask(person, "GET", "/api/v1/projects").status_code == 401
        self.teams.sign_in(person)

    def _socket(self, person: Person) -> connect:
        headers = {"Authorization": person.client.headers["authorization"]}
        return connect(self.kino.url.replace("http", "ws") + "/ws", additional_headers=headers)

    def _person(self, who: int) -> Person:
        people = [person for team in self.teams.both for person in team.people]
        return people[who % len(people)]

    @staticmethod
    def _project(team: Team, which: int) -> str:
        return str(team.projects[which % len(team.projects)])

    @staticmethod
    def _of(team: Team, kind: str, which: int) -> tuple[str, str] | None:
        """Return the project and the id of one of the team's objects."""
        first = str(team.projects[0])
        made = {
            "project": [(str(each), str(each)) for each in team.projects],
            "initiative": [(first, team.initiative)],
            "person": [(first, str(each.user.id)) for each in team.people],
        }.get(kind, team.objects.get(kind, []))
        return made[which % len(made)] if made else None

    def _ask(
        self, person: Person, method: str, url: str, body: object = None, *, besides: set[Team] | None = None
    ) -> httpx.Response:
        """Ask as that person, and look at whatever comes back and at the other team's rows."""
        other = self.teams.other(person.team)
        changes = method != "GET"
        before = self.teams.rows_of(other) if changes else None
        answer = person.client.request(method, url, **({} if body is None else {"json": body}))
        if changes:
            assert self.teams.rows_of(other) == before, (method, url)
            self.teams.learn(person.team)
        told, known = f"{answer.headers}\n{answer.text}", {*(besides or ()), *([other] if person.guest else ())}
        leaks = self.teams.leaks(told, person.team, sent=f"{url} {body}", besides=known)
        assert not leaks, (person.role, method, url, body, leaks, answer.text[:2000])
        assert answer.status_code < 500 or "LAKE_NOT_READY" in answer.text, answer.text
        return answer

    def _alike(self, person: Person, method: str, path: str, theirs: str, nobodys: str, body: object = None) -> None:
        """Ask for something of the other team and for something that is not there: both get the same answer."""
        told = []
        for key in (theirs, nobodys):
            sent = json.loads(json.dumps(body).replace('"{}"', json.dumps(key)))
            answer = self._ask(person, method, path.replace("{}", key), sent)
            told.append(_comparable(answer, key))
        assert told[0] == told[1], (person.role, method, path, body)

    def _hear(self) -> None:
        """Look at what every open page has heard; one whose owner's rights changed is closed."""
        self.teams.end_of_news()
        staying = []
        for person, page in self.pages:
            heard, code = _rest(page)
            # What was heard before the rights changed may still be of the team before; a guest hears both teams.
            known = [*(person.past if code else ()), *([self.teams.other(person.team)] if person.guest else ())]
            leaks = self.teams.leaks(" ".join(heard), person.team, besides=known)
            assert not leaks, heard
            if code is None:
                staying.append((person, page))
        self.pages = staying


def _rest(page: ClientConnection) -> tuple[list[str], int | None]:
    """Return what a page has heard up to the end of it, and with which code it was closed, if it was."""
    heard: list[str] = []
    while True:
        try:
            heard.append(str(page.recv(timeout=30)))
        except ConnectionClosed as closed:
            return heard, closed.rcvd.code if closed.rcvd else 0
        if "end" in json.loads(heard[-1]).get("item", {}):
            return heard[:-1], None


def _comparable(answer: httpx.Response, key: str = "KEY") -> tuple[int, str]:
    """Return what an answer says, without what is never the same twice."""
    text = answer.text.replace(answer.headers["x-request-id"], "").replace(key, "KEY")
    return answer.status_code, re.sub(r'"timestamp":"[^"]*"|nonce="[^"]*"', "", text)


def test_nothing_of_one_team_reaches_or_touches_the_other(web: Kino) -> None:
    class Game(TwoTeams):
        kino = web

    played = settings(
        max_examples=GAMES, stateful_step_count=MOVES, derandomize=ALWAYS_THE_SAME, database=None, deadline=None
    )
    run_state_machine_as_test(Game, settings=played)
