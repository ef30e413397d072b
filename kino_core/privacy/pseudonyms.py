"""What stands in place of an erased person, and how their addresses, logins and names are found and replaced.

Pure: texts and JSON values in, the same without the person out. Replacing again changes nothing.
"""

import json
import re
import secrets
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from kino_core.identities import ERASED_HOST, NOREPLY_HOST, identify, identify_login

SHORTEST_FULL_NAME = 5
SHORTEST_TELLING_LOGIN = 5
# Not `name`: what has a name of one word may be anything.
_NAME_KEYS = frozenset({"author", "author_name", "user", "user_name", "username", "display_name", "owner"})
_LOGIN_KEYS = frozenset({"login", "username", "user", "user_name", "author", "owner", "assignee", "actor", "sender"})
_AIDER = " (aider)"
WHITE_SPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Python takes for white space. PostgreSQL has to be told: what it takes for it depends on the locale."""
_GAP = f"[{WHITE_SPACE}]+"
_GAP_IN_JSON = rf"(?:[{WHITE_SPACE}]|\\[nrtf]|\\u00[01][0-9a-f])+"
# Numbers as they are written: a float would round what the sender sent.
_READER = msgspec.json.Decoder(float_hook=Decimal)
_WRITER = msgspec.json.Encoder(decimal_format="number")


class Pseudonym(msgspec.Struct, frozen=True):
    """The one random name that an erased person has everywhere; nothing leads back from it."""

    token: str

    @classmethod
    def make(cls) -> "Pseudonym":
        """Return a new one."""
        return cls(secrets.token_hex(8))

    @property
    def name(self) -> str:
        return f"Person {self.token}"

    @property
    def email(self) -> str:
        return f"{self.token}@{ERASED_HOST}"

    @property
    def login(self) -> str:
        return f"erased-{self.token}"

    @property
    def key(self) -> str:
        """The key of the one identity that is left."""
        return f"email:{self.email}"


class Traces(msgspec.Struct, frozen=True):
    """By what somebody is found, all in lower case: keys of their identities, addresses, logins, names.

    `repositories` under their own account keep their names, which are those of things.
    """

    keys: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    repositories: frozenset[str] = frozenset()

    def joined(self, other: "Traces") -> "Traces":
        """Return both together."""
        return Traces(*(mine | theirs for mine, theirs in zip(_members(self), _members(other), strict=True)))

    @property
    def needles(self) -> list[str]:
        """Every text without which nothing that names them can be, as PostgreSQL writes it in lower case.

        Where its locale knows letters of ASCII alone, the others stay as they were written.
        """
        known = self.emails | self.logins | self.names
        return sorted(known | {each.upper().encode().lower().decode() for each in known if not each.isascii()})

    @property
    def full_names(self) -> frozenset[str]:
        """The names that are theirs wherever they stand: a single word may be any word."""
        return frozenset(name for name in self.names if len(name.split()) > 1 and len(name) >= SHORTEST_FULL_NAME)


class Rewriter:
    """Replaces one person by their pseudonym."""

    def __init__(self, traces: Traces, pseudonym: Pseudonym) -> None:
        # A name without an address is the key of an identity too.
        keys = traces.keys | {f"email:{name.casefold()}" for name in traces.full_names}
        self._keys = {_spaced(key) for key in keys}
        self._traces = traces
        self._pseudonym = pseudonym
        self._steps = tuple(_steps(traces, pseudonym))

    def text(self, text: str) -> str:
        """Return `text` without the person: addresses, full names, logins where they can be nothing else."""
        if text.strip().lower() in self._traces.repositories:
            return text
        for pattern, replacement in self._steps:
            text = pattern.sub(replacement, text)
        return text

    def value(self, value: Any, key: str = "") -> Any:  # noqa: ANN401  any JSON value
        """Return a JSON value without the person; `key` is the member it stands under."""
        match value:
            case str():
                return self._string(value, key)
            case dict():
                return self._object(value)
            case list():
                return [self.value(each, key) for each in value]
            case _:
                return value

    def json(self, raw: bytes) -> bytes:
        """Return JSON without the person; bytes that are no JSON are rewritten as text."""
        try:
            value = _READER.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self.text(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        rewritten = self.value(value)
        return raw if rewritten == value else _WRITER.encode(rewritten)

    def signature(self, name: str, email: str) -> tuple[str, str]:
        """Return a name and an address as they are to stand from now on."""
        if self.is_theirs(name, email):
            return self.name_like(name), self._pseudonym.email
        # Who has another address is somebody else, whatever the name; but a name may be an address itself.
        return (name if email.strip() and "@" not in name else self.text(name)), self.text(email)

    def is_theirs(self, name: str, email: str) -> bool:
        """Return whether a signature is the person's."""
        return self.is_their_key(identify(name, email).key)

    def is_their_key(self, key: str) -> bool:
        """Return whether an identity is the person's, also where it is their agent's."""
        return _spaced(key.removesuffix("#aider")) in self._keys

    def key(self, key: str) -> str:
        """Return the key of an identity as it is to be from now on."""
        if self.is_their_key(key):
            return self._pseudonym.key + ("#aider" if key.endswith("#aider") else "")
        kind, _, rest = key.partition(":")
        return f"{kind}:{self.text(rest).casefold()}"

    def name_like(self, name: str) -> str:
        """Return the pseudonym's name, marked as the old one was."""
        return self._pseudonym.name + (_AIDER if name.rstrip().casefold().endswith("(aider)") else "")

    def _string(self, text: str, key: str) -> str:
        plain = _spaced(text.lower())
        if key in _NAME_KEYS and plain in self._traces.names:
            return self._pseudonym.name
        if key in _LOGIN_KEYS and plain in self._traces.logins:
            return self._pseudonym.login
        return self.text(text)

    def _object(self, members: dict[str, Any]) -> dict[str, Any]:
        login, name, email = (members.get(key) for key in ("login", "name", "email"))
        if isinstance(login, str) and self.is_their_key(identify_login(login).key):
            # An account's number, pictures and pages name it as well as its login does.
            kept = {"type": members["type"]} if isinstance(members.get("type"), str) else {}
            return {"login": self._pseudonym.login, **kept}
        rewritten = {self.text(key): self.value(member, key) for key, member in members.items()}
        if isinstance(email, str) and isinstance(name, str):
            rewritten["name"], rewritten["email"] = self.signature(name, email)
        return rewritten


def found_names(value: Any, traces: Traces) -> Iterable[str]:  # noqa: ANN401  any JSON value
    """Yield, in lower case, the names under which a JSON value knows somebody whose address or login it gives."""
    if isinstance(value, list):
        for each in value:
            yield from found_names(each, traces)
    if not isinstance(value, dict):
        return
    login, name, email = (value.get(key) for key in ("login", "name", "email"))
    if isinstance(name, str) and plain_name(name):
        by_email = isinstance(email, str) and identify(name, email).key.removesuffix("#aider") in traces.keys
        by_login = isinstance(login, str) and identify_login(login).key in traces.keys
        if by_email or by_login:
            yield plain_name(name)
    for each in value.values():
        yield from found_names(each, traces)


def plain_name(name: str) -> str:
    """Return a name as `Traces` has it, its words apart by one blank; not folded further than PostgreSQL would."""
    return _spaced(name.lower()).removesuffix(_AIDER)


def needle_pattern(needles: Collection[str], *, in_json: bool = False) -> str:
    """Return one regular expression of PostgreSQL for all: looking for each in turn would read every row as often.

    It is to be matched with the text in lower case, and finds words whatever white space stands between them.
    """
    gap = _GAP_IN_JSON if in_json else _GAP
    words = ([escaped(word) if in_json else word for word in needle.split()] for needle in needles)
    return "|".join(gap.join(re.sub(r"([^\w])", r"\\\1", word) for word in each) for each in words)


def escaped(needle: str) -> str:
    """Return a text as it stands within a JSON document of PostgreSQL's."""
    return json.dumps(needle, ensure_ascii=False)[1:-1]


def _steps(traces: Traces, pseudonym: Pseudonym) -> Iterable[tuple[re.Pattern[str], str]]:
    """Yield what to replace by what, in this order: a name is known by the address behind it."""
    email, name, login = re.escape(pseudonym.email), pseudonym.name, pseudonym.login
    addresses = [_address(each) for each in sorted(traces.emails) if "@" in each]
    addresses += [rf"(?:\d+\+)?{re.escape(each)}(?:@|%40){re.escape(NOREPLY_HOST)}" for each in sorted(traces.logins)]
    if addresses:
        yield _pattern(rf"(?<![\w.+%-])(?:{'|'.join(addresses)})(?![\w-]|\.\w)"), pseudonym.email
        # Whatever name a trailer gives for the address.
        trailer = rf"^(?![^<\n]*\(aider\))([A-Za-z][A-Za-z-]*:[ \t]*)[^<>\n]*?([ \t]*<{email}>)"
        yield _pattern(trailer), rf"\g<1>{name}\g<2>"
    if traces.names and addresses:
        known = _any_of(traces.names)
        yield _pattern(rf"(?<!\w){known}(?=\s*(?:\(aider\)\s*)?[<(]?{email})"), name
    if traces.full_names:
        yield _pattern(rf"(?<!\w){_any_of(traces.full_names)}(?!\w)"), name
    if traces.logins:
        known = _any_of(traces.logins)
        yield _pattern(rf"(?<![\w.])@{known}(?![\w-])"), f"@{login}"
        yield _pattern(rf"(github\.com/(?:users/|repos/|orgs/)?){known}(?![\w-])"), rf"\g<1>{login}"
        yield _pattern(rf"(Merge pull request #\d+ from ){known}(?=/)"), rf"\g<1>{login}"
        yield _pattern(rf"\A{known}(?=:\S)"), login
    telling = [each for each in traces.logins if len(each) >= SHORTEST_TELLING_LOGIN and re.search(r"[\d-]", each)]
    if telling:
        yield _pattern(rf"(?<![\w-]){_any_of(telling)}(?![\w-])"), login


def _address(email: str) -> str:
    local, _, host = email.rpartition("@")
    return rf"{re.escape(local)}(?:@|%40){re.escape(host)}"


def _any_of(texts: Iterable[str]) -> str:
    # The longest first: of two that begin alike the shorter would leave a rest behind.
    longest_first = sorted(texts, key=lambda each: (-len(each), each))
    # Whatever white space stands between the words of a name.
    gap = r"\s+"
    return f"(?:{'|'.join(gap.join(map(re.escape, each.split())) for each in longest_first)})"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.MULTILINE)


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _members(traces: Traces) -> tuple[frozenset[str], ...]:
    return (traces.keys, traces.emails, traces.logins, traces.names, traces.repositories)
