"""Who is replaced, and who is left alone: by address, by login, by full name, never by a mere word."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kino_core.identities import IdentityKind, identify, identify_login
from kino_core.privacy.pseudonyms import WHITE_SPACE, Pseudonym, Rewriter, Traces, found_names

NEW = Pseudonym("0123456789abcdef")
ADA = Traces(
    keys=frozenset({"email:ada@example.org", "github:ada-l7", "github:will"}),
    emails=frozenset({"ada@example.org", "root"}),
    logins=frozenset({"ada-l7", "will"}),
    names=frozenset({"ada", "ada lovelace"}),
    repositories=frozenset({"will/engine"}),
)
REWRITER = Rewriter(ADA, NEW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail ada@example.org!", f"mail {NEW.email}!"),
        ("mailto:ADA@Example.org?", f"mailto:{NEW.email}?"),
        ("to=ada%40example.org", f"to={NEW.email}"),
        ("lada@example.org, ada@example.org.uk, x+ada@example.org", None),
        ("Ada Lovelace <ada@example.org>", f"{NEW.name} <{NEW.email}>"),
        ("Signed-off-by: A. Byron <ada@example.org>", f"Signed-off-by: {NEW.name} <{NEW.email}>"),
        ("Thanks to Ada <ada@example.org>", f"Thanks to {NEW.name} <{NEW.email}>"),
        ("says ada lovelace.", f"says {NEW.name}."),
        ("says Ada  Lovelace, Ada\tLovelace, ada\xa0\r\nLOVELACE", f"says {NEW.name}, {NEW.name}, {NEW.name}"),
        ("Ada\u3000Lovelace\n<ada@example.org>", f"{NEW.name}\n<{NEW.email}>"),
        ("AdaLovelace, Ada-Lovelace, Ada. Lovelace", None),
        ("Ada is a language; Lovelace a planet; Ada Lovelaces none", None),
        ("Ada (aider) <ada@example.org>", f"{NEW.name} (aider) <{NEW.email}>"),
        ("9+will@users.noreply.github.com", NEW.email),
        ("ask @will, or ada-l7.", f"ask @{NEW.login}, or {NEW.login}."),
        ("it will go; @willy; mail@will", None),
        ("https://github.com/will/x", f"https://github.com/{NEW.login}/x"),
        ("Merge pull request #7 from will/fly", f"Merge pull request #7 from {NEW.login}/fly"),
        ("will:fly", f"{NEW.login}:fly"),
        ("will/engine", None),
        ("the root of all", None),
    ],
)
def test_texts(text: str, expected: str | None) -> None:
    assert REWRITER.text(text) == (text if expected is None else expected)


def test_signatures_are_theirs_by_address_and_not_by_name() -> None:
    value = [
        {"name": "Ada", "email": "Ada@Example.org", "username": "will"},
        {"name": "Ada Lovelace", "email": "ada@elsewhere.example"},
        {"name": "Ada Lovelace", "email": ""},
        {"name": "Ada \xa0Lovelace", "email": ""},
        {"name": "x", "email": "root"},
    ]
    assert REWRITER.value(value) == [
        {"name": NEW.name, "email": NEW.email, "username": NEW.login},
        value[1],
        {"name": NEW.name, "email": NEW.email},
        {"name": NEW.name, "email": NEW.email},
        value[4],
    ]


def test_accounts_lose_what_names_them_beside_the_login() -> None:
    account = {"login": "Will", "id": 7, "node_id": "x", "type": "User", "html_url": "https://github.com/Will"}
    other = {"login": "grace", "id": 8}
    assert REWRITER.value({"user": account, "sender": other}) == {
        "user": {"login": NEW.login, "type": "User"},
        "sender": other,
    }


def test_words_under_telling_keys_are_whom_they_name() -> None:
    assert REWRITER.value({"author": " Ada ", "title": "Ada", "assignee": "will"}) == {
        "author": NEW.name,
        "title": "Ada",
        "assignee": NEW.login,
    }


def test_numbers_stay_as_they_were_written() -> None:
    raw = b'{"who": "ada@example.org", "n": 1.10, "m": 123456789012345678.25, "i": 18446744073709551615}'
    rewritten = REWRITER.json(raw)
    assert b"1.10" in rewritten
    assert b"123456789012345678.25" in rewritten
    assert json.loads(rewritten) == json.loads(raw) | {"who": NEW.email}
    untouched = b'{ "n" : 1.10 }'
    assert REWRITER.json(untouched) is untouched


def test_bytes_that_are_no_json_are_rewritten_as_text() -> None:
    assert REWRITER.json(b"\xff ada@example.org {") == b"\xff " + NEW.email.encode() + b" {"


def test_the_pseudonym_is_one_identity_whether_by_login_or_by_address() -> None:
    by_email = identify(NEW.name, NEW.email)
    by_login = identify_login(NEW.login.upper())
    assert by_email == by_login
    assert (by_email.key, by_email.kind, by_email.name) == (NEW.key, IdentityKind.HUMAN, NEW.name)


def test_names_are_learnt_from_addresses_and_logins() -> None:
    value = {
        "commits": [{"author": {"name": "A. \xa0 Byron  (aider)", "email": "ada@example.org"}}],
        "pusher": {"name": "Kim"},
    }
    account = {"user": {"login": "will", "name": "Countess"}}
    assert set(found_names([value, account], ADA)) == {"a. byron", "countess"}


def test_white_space_is_what_python_takes_for_it() -> None:
    assert set(WHITE_SPACE) == {each for each in map(chr, range(sys.maxunicode + 1)) if each.isspace()}


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.integers(),
        st.sampled_from(["ada@example.org", "Ada Lovelace", "ada-l7", "@will", "Ada <ada@example.org>", "will:x"]),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "email", "login", "user", "x"]), inner, max_size=3),
    ),
    max_leaves=12,
)


@given(JSON)
def test_rewriting_again_changes_nothing_and_leaves_no_trace(value: object) -> None:
    once = REWRITER.value(value)
    assert REWRITER.value(once) == once
    assert "ada@example.org" not in json.dumps(once).lower()
