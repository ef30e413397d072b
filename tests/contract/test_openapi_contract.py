"""The OpenAPI description is a contract that holds: Schemathesis tries all of it on a running Kino.

`make contract EXAMPLES=300` does the same with that many examples an operation.
"""

import json
import os
import re
import unicodedata
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

from kino_api.app import create_api
from kino_core.settings import settings_from
from tests.conftest import fresh_database
from tests.contract.world import World, running_world

EXAMPLES = int(os.environ.get("KINO_CONTRACT_EXAMPLES", "4"))
SCENARIOS = int(os.environ.get("KINO_CONTRACT_SCENARIOS", "15"))

CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 42,
        "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
        "checks": {
            # Beside what Schemathesis takes for an answer: 412, because `If-Match` comes before the body.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "412"]},
            "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "405", "409", "412", "415"]},
        },
        "phases": {"coverage": {"unexpected-methods": ["PUT", "PATCH", "TRACE"]}},
    }
)
DESCRIPTION = create_api(settings_from({})).openapi()
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION, config=CONFIG)


ENDINGS = ("/archive", "/erase", "/logout", "/rotate")

# Refusals of what no schema can tell from what is taken, by the code of the error.
BEYOND_SCHEMAS = {
    "INVALID_CURSOR": "only the list that gave a cursor out knows it",
    "INVALID_DATE_RANGE": "schemas compare no two fields",
    "INVALID_ASSIGNEE": "only a member, or an agent that was heard of, can be assigned",
    "INVALID_ORDER": "an order names every item there is",
    "UNKNOWN_PERSON": "only somebody of the histories can be meant",
    "SCOPES_COMBINED": "OpenAPI has no way to say that parameters exclude each other",
    "SERIES_TOO_LONG": "how many points there are depends on two parameters together",
}


@SCHEMA.hook
def filter_failure(
    _context: schemathesis.HookContext, failure: Failure, case: schemathesis.Case, response: Response
) -> bool:
    if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
        return response.json()["error"]["code"] not in BEYOND_SCHEMAS
    if isinstance(failure, AcceptedNegativeData) and case.path == "/webhooks/agent-update/batch":
        # Whatever is sent is lines, and each is refused by itself.
        return False
    # `order` is read as the id of an item, at whose address there are other methods.
    return not (isinstance(failure, UnsupportedMethodResponse) and case.path.endswith("/scope-items/order"))


@schemathesis.serializer("application/x-ndjson")
def as_lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:  # noqa: ANN401 - any JSON
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def _texts(letters: st.SearchStrategy[str], *, shortest: int = 1) -> st.SearchStrategy[str]:
    # What Kino stores: in NFC, without spaces at its ends.
    made = st.text(letters, min_size=shortest, max_size=60)
    return made.map(lambda text: unicodedata.normalize("NFC", text).strip()).filter(lambda text: len(text) >= shortest)


def _periods() -> st.SearchStrategy[str]:
    years, days = st.integers(1000, 9998), st.dates()
    return st.one_of(
        years.map(str),
        st.builds("{}-Q{}".format, years, st.integers(1, 4)),
        st.builds("{}-{:02}".format, years, st.integers(1, 12)),
        st.builds("{}-W{:02}".format, years, st.integers(1, 52)),
        st.tuples(days, days).map(lambda both: "{}/{}".format(*sorted(both))),
    )


# The formats of our own, as the rules of their nouns say them.
FORMATS = {
    "name": _texts(st.characters(categories=["L", "Nd"], include_characters="-_.&'()"), shortest=3),
    "line": _texts(st.characters(exclude_categories=["C", "Z"], include_characters=" ")),
    "time-zone": st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Asia/Kathmandu"]),
    "period": _periods(),
    "event-time": st.datetimes(datetime(1970, 1, 2), datetime(2999, 12, 30)).map(lambda time: f"{time.isoformat()}Z"),
    "cursor": st.text(st.characters(codec="ascii", categories=["L", "Nd"]), min_size=1, max_size=60),
}
for _format, _strategy in FORMATS.items():
    schemathesis.openapi.format(_format, _strategy)


@pytest.fixture(scope="module")
def world(
    postgres_url: str, redis_server_url: str, _template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with fresh_database(postgres_url, _template) as database_url:
        values = {
            "KINO_HOME": str(tmp_path_factory.mktemp("contract") / "home"),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_server_url,
            "GITHUB_WEBHOOK_SECRET": "a-secret-of-the-tests",
        }
        settings = settings_from(values).model_copy(update={"rate_limits_on": False})
        with running_world(settings) as world:
            yield world


@SCHEMA.parametrize()
def test_operation(case: schemathesis.Case, world: World) -> None:
    _name_what_exists(case, world)
    case.call_and_validate(base_url=world.url, headers=world.headers(case.path))
    if case.path.startswith("/auth/"):
        world.forget_session()


def _name_what_exists(case: schemathesis.Case, world: World) -> None:
    """Put existing ids in place of those made up, which lead nowhere; what the request would end keeps its own."""
    names = re.findall(r"\{(\w+)\}", case.path)
    spared = names[-1:] if case.method == "DELETE" or case.path.endswith(ENDINGS) else []
    for name in names:
        if name in world.ids and name not in spared and _is_id(str(case.path_parameters.get(name, ""))):
            case.path_parameters[name] = world.ids[name]
    if re.fullmatch(r'"\d+"', case.headers.get("if-match", "")):
        case.headers["if-match"] = "*"
    if case.path == "/api/v1/reports" and isinstance(case.body, dict) and case.body.get("scope") in ({}, None):
        # A report of everything takes a process seconds.
        case.body["scope"] = {"project": "nobody"}


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return bool(re.fullmatch(r"[1-9]\d{0,17}", text))
    return True
