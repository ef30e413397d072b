"""What the web process opens once and shares: made when it starts, closed when it stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from kino_api.access_tokens import AccessTokens
from kino_api.accounts import Accounts
from kino_api.cache import Cache
from kino_api.capabilities import Capabilities
from kino_api.jobs import Jobs
from kino_api.keys import SigningKeys
from kino_api.live import LiveHub
from kino_api.lockout import Lockout
from kino_api.refresh_tokens import RefreshTokens
from kino_api.sessions import SessionTokens
from kino_api.sign_in import SignIn
from kino_api.watching import ObjectsSeen
from kino_core.database import Database
from kino_core.envelopes import KeyRing
from kino_core.gold import Warehouse
from kino_core.replica import open_database
from kino_core.settings import Settings
from kino_core.watch import Watch
from kino_ingest.quotas import Quotas


@dataclass(frozen=True)
class Resources:
    """The shared things; threads use them at the same time."""

    settings: Settings
    database: Database
    warehouse: Warehouse
    capabilities: Capabilities
    signing_keys: SigningKeys
    ring: KeyRing
    """Opens and seals the secrets that are stored."""
    tokens: SessionTokens
    sign_in: SignIn
    accounts: Accounts
    hub: LiveHub
    jobs: Jobs
    cache: Cache
    quotas: Quotas | None
    """Counts what users ask; None where limits are lifted."""
    watch: Watch
    objects_seen: ObjectsSeen = field(default_factory=ObjectsSeen)


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Yield the resources of one process; raises UnusableKey when the signing key cannot be used.

    Nothing here waits for PostgreSQL, Redis or the lake: the process starts without them and says so.
    """
    database = open_database(settings)
    quotas = Quotas(settings.redis_url) if settings.rate_limits_on else None
    signing_keys = await run_in_threadpool(SigningKeys, settings.jwt_private_key_file)
    secret = settings.jwt_secret.get_secret_value()
    access = AccessTokens(signing_keys, settings.api_base_url, settings.jwt_access_expiry)
    tokens = SessionTokens(access, RefreshTokens(secret.encode()), settings.jwt_refresh_expiry)
    sign_in = SignIn(database, tokens, Lockout(enabled=settings.rate_limits_on))
    warehouse = Warehouse(settings)
    resources = Resources(
        settings=settings,
        database=database,
        warehouse=warehouse,
        capabilities=Capabilities(settings, database, warehouse),
        signing_keys=signing_keys,
        ring=KeyRing(settings),
        tokens=tokens,
        sign_in=sign_in,
        accounts=Accounts(sign_in, secret, settings.api_base_url),
        hub=LiveHub(settings.redis_url, database),
        jobs=Jobs(),
        cache=Cache(settings.redis_url, settings.redis_ttl),
        quotas=quotas,
        watch=Watch(settings.database_url),
    )
    resources.watch.start()
    try:
        async with resources.hub.running():
            yield resources
    finally:
        if quotas is not None:
            await quotas.stop()
        await run_in_threadpool(resources.jobs.close)
        resources.cache.close()
        await run_in_threadpool(resources.watch.close)
        warehouse.close()
        database.close()


def resources_of(connection: HTTPConnection) -> Resources:
    """Return the resources of the process that answers this connection."""
    resources: Resources = connection.app.state.resources
    return resources
