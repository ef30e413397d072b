"""Whether the process lives, whether it can serve, and how everything it uses is."""

import asyncio

from anyio import to_thread
from fastapi import Request
from pydantic import BaseModel

from kino_api.authentication import CurrentUser
from kino_api.capabilities import Capability, State
from kino_api.guarded_route import guarded_router
from kino_api.resources import resources_of
from kino_core import schema
from kino_core.database import Database, DatabaseUnavailable
from kino_core.errors import Unavailable

router = guarded_router(tag="health")

ANSWER_SECONDS = 1.8


class NotReady(Unavailable):
    """The process cannot serve yet."""

    code = "NOT_READY"


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class Details(BaseModel):
    """Every capability; `status` is the worst of them, those that are disabled aside.

    `replica_lag_seconds` is null without a replica, or where it is not known.
    """

    status: State
    replica_lag_seconds: float | None
    capabilities: list[Capability]


@router.get("/healthz")
async def healthz() -> Alive:
    """Answer as long as the process lives, whatever else is away."""
    return Alive()


@router.get("/readyz")
async def readyz(request: Request) -> Alive:
    """Answer 200 when PostgreSQL is there with the tables of this version, 503 otherwise."""
    database = resources_of(request).database
    try:
        # A server that stands still answers nobody, and whoever asks must know within seconds.
        async with asyncio.timeout(ANSWER_SECONDS):
            current = await to_thread.run_sync(_is_current, database, abandon_on_cancel=True)
    except TimeoutError:
        raise DatabaseUnavailable("PostgreSQL does not answer. Look at `kino doctor`.") from None
    if not current:
        raise NotReady("The tables in PostgreSQL are not those of this version. Run `kino migrate`.")
    return Alive()


def _is_current(database: Database) -> bool:
    with database.read() as session:
        return schema.is_current(session)


@router.get("/health/details")
def details(request: Request, user: CurrentUser) -> Details:
    """Return how everything is that Kino uses."""
    capabilities = resources_of(request).capabilities
    found = capabilities.look()
    worst = max((each.state for each in found if each.state is not State.DISABLED), key=list(State).index)
    lag = capabilities.replica_lag_seconds()
    return Details(status=worst, replica_lag_seconds=lag, capabilities=found)
