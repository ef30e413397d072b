"""Whom an export or an erasure is about: an account, a person of the histories, or both."""

import uuid
from dataclasses import dataclass, replace

from kino_core.database import ReadSession, WriteSession, query
from kino_core.errors import Conflict, NotFound
from kino_core.identities import ERASED_HOST, IdentityKind, identify
from kino_core.privacy.pseudonyms import Traces, needle_pattern, plain_name
from kino_core.privacy.sql import read_sql


class UnknownPerson(NotFound):
    """Nobody with that address or id has an account or stands in a history."""

    code = "UNKNOWN_PERSON"


class NotAPerson(Conflict):
    """The address is an agent's or an automation's."""

    code = "NOT_A_PERSON"


@dataclass(frozen=True)
class Subject:
    """A person: their account, the people of the histories that they are, and what they are found by."""

    user_ids: tuple[uuid.UUID, ...]
    person_ids: tuple[uuid.UUID, ...]
    traces: Traces

    @property
    def user_id(self) -> uuid.UUID | None:
        """The account, None for somebody who has none."""
        return self.user_ids[0] if self.user_ids else None

    def values(self) -> dict[str, object]:
        """Return what the conditions of `tables` name."""
        return {
            "user_ids": list(self.user_ids),
            "person_ids": list(self.person_ids),
            "keys": sorted(self.traces.keys),
            "emails": sorted(self.traces.emails),
        }


def find_by_email(session: ReadSession | WriteSession, email: str) -> Subject:
    """Return who has that address, in an account or in a history; raises UnknownPerson and NotAPerson."""
    address = email.strip().replace("\0", "").lower()
    if address.endswith(f"@{ERASED_HOST}"):
        raise UnknownPerson("Whoever had that address was erased: nothing leads from the pseudonym to them.")
    identity = identify("", address)
    if identity.kind is not IdentityKind.HUMAN:
        raise NotAPerson(f"{email} is an agent's or an automation's address. It tells of no person.")
    found = _closure(session, emails=[address], keys=[identity.key] if address else [], user_ids=[])
    if not found.user_ids and not found.person_ids:
        raise UnknownPerson(f"Nobody with the address {email} has an account or stands in a history.")
    return found


def find_by_user(session: ReadSession | WriteSession, user_id: uuid.UUID) -> Subject:
    """Return the person with that account; raises UnknownPerson."""
    found = _closure(session, emails=[], keys=[], user_ids=[user_id])
    if not found.user_ids:
        raise UnknownPerson("There is no such user.")
    return found


def namesakes(session: ReadSession | WriteSession, subject: Subject) -> list[str]:
    """Return the addresses and logins of other identities under one of the same full names: perhaps the same human."""
    names = subject.traces.full_names
    if not names:
        return []
    rows = query(
        session,
        "SELECT key, name FROM kino.identity WHERE lower(name) ~ :pattern AND key <> ALL (:keys) ORDER BY key",
        pattern=needle_pattern(names),
        keys=sorted(subject.traces.keys),
    )
    return [row.key.partition(":")[2] for row in rows if plain_name(row.name) in names]


def _closure(
    session: ReadSession | WriteSession, *, emails: list[str], keys: list[str], user_ids: list[uuid.UUID]
) -> Subject:
    """Follow account → person → identities → addresses until nothing new turns up."""
    known = Subject(tuple(user_ids), (), Traces(keys=frozenset(keys), emails=frozenset(emails)))
    while True:
        found = _next(session, known)
        if found == known:
            return replace(found, traces=found.traces.joined(_own_repositories(session, found.traces)))
        known = found


def _next(session: ReadSession | WriteSession, known: Subject) -> Subject:
    users = query(session, read_sql("subject_users"), **known.values())
    identities = query(session, read_sql("subject_identities"), **known.values())
    person_ids = {row.person_id for row in (*users, *identities) if row.person_id is not None}
    traces = known.traces
    for row in users:
        traces = traces.joined(_of_signature(row.name, row.email))
    for row in identities:
        kind, _, rest = row.key.removesuffix("#aider").partition(":")
        traces = traces.joined(
            Traces(
                keys=frozenset([row.key.removesuffix("#aider")]),
                logins=frozenset([rest]) if kind == "github" else frozenset(),
                emails=frozenset(each.lower() for each in (row.email, rest if kind == "email" else None) if each),
                names=_name(row.name),
            )
        )
    return Subject(
        tuple(sorted({*known.user_ids, *(row.id for row in users)})),
        tuple(sorted({*known.person_ids, *person_ids})),
        traces,
    )


def _of_signature(name: str, email: str) -> Traces:
    return Traces(
        keys=frozenset([identify(name, email).key.removesuffix("#aider")]),
        emails=frozenset([email.strip().lower()]),
        names=_name(name),
    )


def _name(name: str) -> frozenset[str]:
    plain = plain_name(name)
    # Where nobody gave a name, an address or a login stands in its place.
    return frozenset([plain]) if plain and "@" not in plain else frozenset()


def _own_repositories(session: ReadSession | WriteSession, traces: Traces) -> Traces:
    rows = query(
        session,
        "SELECT lower(full_name) AS name FROM kino.repository"
        " WHERE split_part(lower(full_name), '/', 1) = ANY (CAST(:logins AS text[]))",
        logins=sorted(traces.logins),
    )
    return Traces(repositories=frozenset(row.name for row in rows))
