"""What the web process opens once and shares: made when it starts, closed when it stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from kino_api.access_tokens import AccessTokens
from kino_api.capabilities import Capabilities
from kino_api.jobs import Jobs
from kino_api.keys import SigningKey, load_signing_key
from kino_api.live import LiveHub
from kino_api.lockout import Lockout
from kino_api.refresh_tokens import RefreshTokens
from kino_api.sessions import SessionTokens
from kino_core.database import Database
from kino_core.envelopes import KeyRing
from kino_core.gold import Warehouse
from kino_core.settings import Settings


@dataclass(frozen=True)
class Resources:
    """The shared things; threads use them at the same time."""

    settings: Settings
    database: Database
    warehouse: Warehouse
    capabilities: Capabilities
    key: SigningKey
    ring: KeyRing
    tokens: SessionTokens
    lockout: Lockout
    hub: LiveHub
    jobs: Jobs


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Yield the resources of one process; raises UnusableKey when the signing key cannot be used.

    Nothing here waits for PostgreSQL, Redis or the lake: the process starts without them and says so.
    """
    key = await run_in_threadpool(load_signing_key, settings.jwt_private_key_file)
    access = AccessTokens(key, settings.api_base_url, settings.jwt_access_expiry)
    refresh = RefreshTokens(settings.jwt_secret.get_secret_value().encode())
    database = Database(settings.database_url, pool_max=settings.database_pool_max)
    warehouse = Warehouse(settings)
    resources = Resources(
        settings=settings,
        database=database,
        warehouse=warehouse,
        capabilities=Capabilities(settings, database, warehouse),
        key=key,
        ring=KeyRing(settings),
        tokens=SessionTokens(access, refresh, settings.jwt_refresh_expiry),
        lockout=Lockout(enabled=settings.rate_limits_on),
        hub=LiveHub(settings.redis_url, database),
        jobs=Jobs(),
    )
    try:
        async with resources.hub.running():
            yield resources
    finally:
        await run_in_threadpool(resources.jobs.close)
        warehouse.close()
        database.close()


def resources_of(connection: HTTPConnection) -> Resources:
    """Return the resources of the process that answers this connection."""
    resources: Resources = connection.app.state.resources
    return resources
