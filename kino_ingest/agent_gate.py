"""Who may send, and how much: what every agents' door checks before it looks at an event."""

import time
from datetime import UTC, datetime

from kino_core.errors import Unauthenticated
from kino_core.security import is_agent_token, signed_by_sender
from kino_core.settings import Environment
from kino_core.watch import Watch
from kino_ingest.http_request import Headers, Request
from kino_ingest.limits import Limits
from kino_ingest.lookups import KnownToken, Lookups
from kino_ingest.quotas import QuotaExceeded, Quotas
from kino_ingest.refusals import BadSignature


class AgentGate:
    """Tokens, quotas and signatures, each checked when the contract says so."""

    def __init__(self, env: Environment, limits: Limits, lookups: Lookups, quotas: Quotas | None, watch: Watch) -> None:
        self._env = env
        self._limits = limits
        self._lookups = lookups
        self._quotas = quotas
        self._watch = watch

    async def token(self, request: Request) -> tuple[KnownToken, float]:
        """Return the token that came along, and how many seconds PostgreSQL took to say that it is good.

        Raises Unauthenticated, for a mistyped token without asking PostgreSQL.
        """
        scheme, _, text = request.headers.get("authorization").partition(" ")
        if scheme.casefold() != "bearer" or not text:
            raise Unauthenticated("No token came along. Send `Authorization: Bearer kino_…`.")
        if not is_agent_token(text.strip(), self._env):
            raise Unauthenticated("The token is mistyped or belongs to another environment.")
        began = time.monotonic()
        token = await self._lookups.token(text.strip(), self._limits.database_seconds / 2)
        if token is None:
            raise Unauthenticated("The token is unknown, revoked or expired. Make a new one with `kino token create`.")
        request.token_id = token.id
        self._watch.token_used(token.id, request.address)
        return token, time.monotonic() - began

    async def spend(self, token: KnownToken, request: Request) -> None:
        """Count the request; its answer tells where the token stands. Raises QuotaExceeded."""
        if self._quotas is None:
            return
        verdict = await self._quotas.spend(token.id, token.quota)
        request.answer_headers |= verdict.headers()
        if not verdict.passes:
            wait = request.answer_headers["retry-after"]
            raise QuotaExceeded(f"The token has sent as much as it may. Go on in {wait} seconds.")

    def check_signature(self, token: KnownToken, headers: Headers, raw: bytes) -> None:
        """Check the Standard Webhooks signature of a token that has a secret; raises Unauthenticated."""
        if token.signs and not signed_by_sender(
            raw,
            headers.get("webhook-id"),
            headers.get("webhook-timestamp"),
            headers.get("webhook-signature"),
            token.secrets,
            datetime.now(UTC),
        ):
            raise BadSignature(
                "The token has a signing secret, and webhook-id, webhook-timestamp and webhook-signature do not sign"
                " these bytes with it within the last five minutes."
            )
