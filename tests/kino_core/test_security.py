"""Agent tokens and signatures: made once, recognised without a database, told apart from noise."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kino_core.security import (
    BASE62,
    hash_secret,
    is_agent_token,
    make_agent_token,
    make_signing_secret,
    signed_by_github,
    signed_by_sender,
    standard_signature,
)
from kino_core.settings import Environment


def test_a_token_has_the_form_of_the_contract() -> None:
    for env, word in zip(Environment, ("dev", "stg", "prod"), strict=True):
        token = make_agent_token(env)
        assert re.fullmatch(rf"kino_{word}_[0-9A-Za-z]{{32}}", token)
        assert [each for each in Environment if is_agent_token(token, each)] == [env]
    assert len({make_agent_token(Environment.PRODUCTION) for _ in range(100)}) == 100
    assert len(hash_secret(token)) == 32


@given(st.integers(9, 40), st.sampled_from(BASE62))
def test_one_wrong_character_is_noticed(place: int, character: str) -> None:
    token = make_agent_token(Environment.DEVELOPMENT)
    typo = token[:place] + character + token[place + 1 :]
    assert is_agent_token(typo, Environment.DEVELOPMENT) == (typo == token)


@given(st.text())
def test_noise_is_no_token(text: str) -> None:
    assert not is_agent_token(text, Environment.DEVELOPMENT)
    assert not is_agent_token(make_agent_token(Environment.DEVELOPMENT) + (text or "\n"), Environment.DEVELOPMENT)


def test_githubs_own_example_of_a_signature() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    secret = "It's a Secret to Everybody"
    assert signed_by_github(b"Hello, World!", signature, [secret])
    assert signed_by_github(b"Hello, World!", signature, ["another", secret])
    assert not signed_by_github(b"Hello, World!", signature, [])
    assert not signed_by_github(b"Hello, World", signature, [secret])
    assert not signed_by_github(b"Hello, World!", "é" * 71, [secret])


# The example of the Standard Webhooks specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE, SENT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = datetime.fromtimestamp(int(SENT), UTC)


def test_the_reference_example_of_a_senders_signature() -> None:
    assert standard_signature(BODY, MESSAGE, SENT, SECRET) == SIGNATURE
    assert signed_by_sender(BODY, MESSAGE, SENT, SIGNATURE, [SECRET], NOW)


def test_any_of_several_signatures_and_secrets_will_do() -> None:
    old = make_signing_secret()
    both = f"{standard_signature(BODY, MESSAGE, SENT, old)} {SIGNATURE}"
    assert signed_by_sender(BODY, MESSAGE, SENT, both, [SECRET], NOW)
    assert signed_by_sender(BODY, MESSAGE, SENT, SIGNATURE, [old, SECRET], NOW)
    assert not signed_by_sender(BODY, MESSAGE, SENT, SIGNATURE, [old], NOW)
    assert not signed_by_sender(BODY, MESSAGE, SENT, SIGNATURE, [], NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"body": BODY.replace(b" ", b"")},
        {"message_id": MESSAGE + "x"},
        {"message_id": ""},
        {"timestamp": "1614265331"},
        {"timestamp": "1614265330.0"},
        {"timestamp": ""},
        {"signatures": SIGNATURE.removeprefix("v1,")},
        {"signatures": "v1,\xe9\udcff"},
        {"signatures": ""},
        {"signatures": " ".join(["v1,none"] * 8 + [SIGNATURE])},
        {"now": NOW + timedelta(minutes=6)},
        {"now": NOW - timedelta(minutes=6)},
    ],
)
def test_a_signature_that_does_not_hold(change: dict[str, Any]) -> None:
    right = {
        "body": BODY,
        "message_id": MESSAGE,
        "timestamp": SENT,
        "signatures": SIGNATURE,
        "valid_secrets": [SECRET],
        "now": NOW,
    }
    assert signed_by_sender(**right)
    assert not signed_by_sender(**(right | change))
