"""Agent tokens and signatures: made once, recognised without a database, told apart from noise."""

import re

from hypothesis import given
from hypothesis import strategies as st

from kino_core.security import BASE62, hash_secret, is_agent_token, make_agent_token, signed_by_github
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
    assert signed_by_github(b"Hello, World!", signature, "It's a Secret to Everybody")
    assert not signed_by_github(b"Hello, World", signature, "It's a Secret to Everybody")
    assert not signed_by_github(b"Hello, World!", "é" * 71, "It's a Secret to Everybody")
