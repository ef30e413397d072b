"""The OpenAPI description is a contract that holds: Schemathesis tries all of it on a running Kino.

`make contract EXAMPLES=300` tries every case it can think of, and that many more for each operation.
"""

import contextlib
import itertools
import json
import os
import re
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import seed
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.transport import Response
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import AllowHeaderMismatch, RejectedPositiveData, UnsupportedMethodResponse
from schemathesis.schemas import BaseSchema

from kino_api.permissions import ROUTES
from tests.conftest import FreshDatabase
from tests.contract.formats import FORMATS

if TYPE_CHECKING:
    from tests.contract.world import World

DEEP = int(os.environ.get("KINO_CONTRACT_EXAMPLES", "0"))
"""How many examples of each operation a deep run makes up; 0 for the short run of every day."""

SEED = 42
CONFIG = {
    "seed": SEED,
    "generation": {"max-examples": DEEP or 2, "deterministic": True, "database": "none", "no-shrink": not DEEP},
    "checks": {
        # 412 is an answer to either: `If-Match` is looked at before the fields of the body are.
        "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "412"]},
        "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "405", "409", "412", "415"]},
    },
    # Only the links that the description has: what else Schemathesis takes for one differs from run to run.
    "phases": {"stateful": {"inference": {"algorithms": []}}},
}
SCENARIOS, STEPS = (DEEP, 12) if DEEP else (8, 6)

FIRST, EVERY = 4, 20
"""Of the cases that cover a schema the short run takes the first ones, and then each so many-th."""

OPERATIONS = [each for each in ROUTES if each[1].startswith(("/api/v1", "/auth")) and each[1] != "/api/v1/openapi.json"]
OPERATIONS += [
    ("POST", path) for path in ("/webhooks/agent-update", "/webhooks/agent-update/batch", "/webhooks/github")
]

ENDING = ("/archive", "/erase", "/logout", "/rotate")
"""Operations after which an object is not what it was, beside DELETE."""

BEYOND_SCHEMAS = {
    "INVALID_CURSOR": "only the list that gave a cursor out knows it",
    "INVALID_DATE_RANGE": "schemas compare no two fields",
    "INVALID_PERIOD": "that February has no 30th day, and which of two days is the first, no pattern knows",
    "INVALID_ASSIGNEE": "only a member, or an agent that was heard of, can be assigned",
    "INVALID_ORDER": "an order names every item there is",
    "REASON_WITHOUT_STATUS": "the status that the project has counts too",
    "UNKNOWN_PERSON": "only somebody of the histories can be meant",
    "SCOPES_COMBINED": "OpenAPI has no way to say that parameters exclude each other",
    "TWO_SUBJECTS": "what the note is about already counts too",
    "NOT_YET_REACHED": "no schema knows what time it is",
    "SERIES_TOO_LONG": "how many points there are depends on two parameters together",
}
"""Refusals of requests in which every field is right by itself: the code of the error, and why no schema says it."""


@pytest.fixture(scope="module")
def world(
    fresh_database: FreshDatabase, redis_server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[World]":
    from kino_core.settings import settings_from
    from tests.contract.world import running_world

    with fresh_database() as database_url:
        values = {
            "KINO_HOME": str(tmp_path_factory.mktemp("contract") / "home"),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_server_url,
            "GITHUB_WEBHOOK_SECRET": "a-secret-of-the-tests",
        }
        settings = settings_from(values).model_copy(update={"rate_limits_on": False})
        with running_world(settings) as world:
            yield world


@pytest.fixture(scope="module")
def described(world: "World") -> BaseSchema:
    for name, strategy in FORMATS.items():
        schemathesis.openapi.format(name, strategy)
    schemathesis.serializer("application/x-ndjson")(_as_lines)
    config = SchemathesisConfig.from_dict(CONFIG)
    schema = schemathesis.openapi.from_dict(world.description(), config=config)
    schema.hook("filter_failure")(_counts)
    return schema


@pytest.mark.parametrize("method_and_path", OPERATIONS, ids=" ".join)
def test_an_operation_keeps_its_word(method_and_path: tuple[str, str], described: BaseSchema, world: "World") -> None:
    method, path = method_and_path
    operation = described[path][method]
    covered = itertools.count(1)

    def attempt(case: schemathesis.Case) -> None:
        if case.meta and case.meta.phase.name is TestPhase.COVERAGE and not _is_sampled(next(covered)):
            return
        _name_what_exists(case, world)
        case.call_and_validate(base_url=world.url, headers=world.headers(path))
        if path.startswith("/auth/"):
            world.forget_session()

    # As `parametrize` of Schemathesis builds it, but here: that makes up every case while tests are being collected.
    config = HypothesisTestConfig(
        project=described.config,
        settings=described.config.get_hypothesis_settings(operation=operation, phase="fuzzing"),
        modes=list(HypothesisTestMode),
        seed=SEED,
    )
    create_test(operation=operation, test_func=attempt, config=config)()


def test_what_was_made_can_be_followed(described: BaseSchema, world: "World") -> None:
    played = 0

    class Following(described.as_state_machine()):
        def teardown(self) -> None:
            nonlocal played
            played += 1

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            return {"base_url": world.url, "headers": world.headers(case.path)}

        def before_call(self, case: schemathesis.Case) -> None:
            _spare(case)

        def after_call(self, response: Response, case: schemathesis.Case) -> None:
            if case.path.startswith("/auth/"):
                world.forget_session()

    round_of = hypothesis_settings(
        max_examples=min(SCENARIOS, 20), stateful_step_count=STEPS, database=None, deadline=None
    )
    for number in itertools.count(SEED):
        # A Kino remembers what earlier scenarios made, so the same steps can have another outcome, and Hypothesis
        # gives a round up when it notices. The next one begins elsewhere.
        with contextlib.suppress(FlakyStrategyDefinition):
            seed(number)(Following).run(settings=round_of)
        if played >= SCENARIOS:
            return


def _counts(_context: schemathesis.HookContext, failure: Failure, case: schemathesis.Case, response: Response) -> bool:
    """Return whether a failure is one, False for what no description could say."""
    match failure:
        case RejectedPositiveData() if response.status_code == 400:
            error = response.json()["error"]
            # To JSON Schema 1.0 is an integer, and no number is too long for it.
            by_number = re.search("got `float`|does not fit into 64 bits", error["message"])
            return error["code"] not in BEYOND_SCHEMAS and not by_number
        case AcceptedNegativeData():
            # What nobody asked for in a query is ignored, and an id in the path is a real one whatever was made up.
            wrong = set(re.findall(r"- (\w+): violates `(\w+)`", failure.message))
            ignored = wrong and all(each == ("query", "additionalProperties") or each[0] == "path" for each in wrong)
            # Whatever is sent to the batch door is lines, and each is refused by itself.
            return not ignored and case.path != "/webhooks/agent-update/batch"
        case UnsupportedMethodResponse() | AllowHeaderMismatch():
            # Their last words are read as ids too, and at the address of one object there are other methods.
            return not case.path.endswith(("/scope-items/order", "/sessions/end-others", "/dead-letters/replay"))
    return True


def _as_lines(_context: schemathesis.SerializationContext, value: object) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def _is_sampled(number: int) -> bool:
    return DEEP > 0 or number <= FIRST or number % EVERY == 0


def _name_what_exists(case: schemathesis.Case, world: "World") -> None:
    """Put existing ids in place of those made up, which lead nowhere; what the request would end keeps its own."""
    names = re.findall(r"\{(\w+)\}", case.path)
    spared = names[-1:] if case.method == "DELETE" or case.path.endswith(ENDING) else []
    for name in names:
        if name in world.ids and name not in spared and _is_id(str(case.path_parameters.get(name, ""))):
            case.path_parameters[name] = world.ids[name]
    if re.fullmatch(r'"\d+"', case.headers.get("if-match", "")):
        case.headers["if-match"] = "*"
    _spare(case)


def _spare(case: schemathesis.Case) -> None:
    """Have no report made of everything there is: each takes a process of its own some seconds."""
    if case.path == "/api/v1/reports" and isinstance(case.body, dict) and not case.body.get("scope", {}):
        case.body["scope"] = {"project": "nobody"}


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return bool(re.fullmatch(r"[1-9]\d{0,17}", text))
    return True
