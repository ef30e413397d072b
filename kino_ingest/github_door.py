"""The door through which GitHub's deliveries come in: no quota, because GitHub does not send again by itself."""

import time

import msgspec

from kino_core.errors import KinoError, NotFound, Unauthenticated
from kino_core.security import signed_by_github
from kino_core.settings import Settings
from kino_ingest.github_delivery import delivery_event, repository_of
from kino_ingest.handover import Handover
from kino_ingest.http_request import JSON, Request, check_declared, read_body
from kino_ingest.landing import Outcome
from kino_ingest.limits import Limits
from kino_ingest.lookups import KEPT_SECONDS, KnownRepository, Lookups
from kino_ingest.refusals import BadSignature, note_refusal
from kino_ingest.strict_json import read_object

JUST_NOW_SECONDS = 0.1


class GitHubDoor:
    """`POST /webhooks/github`."""

    def __init__(self, settings: Settings, limits: Limits, handover: Handover, lookups: Lookups) -> None:
        secret = settings.github_webhook_secret
        self._common_secret = secret.get_secret_value() if secret else None
        self._on = settings.enable_github_integration
        self._limits = limits
        self._handover = handover
        self._lookups = lookups

    async def take(self, request: Request) -> tuple[str, Outcome]:
        """Return the delivery's id and what became of it, once durable; raises a KinoError for what is refused."""
        if not self._on:
            raise NotFound("The GitHub integration is switched off here.")
        check_declared(request.headers, kinds=JSON, max_bytes=self._limits.github_body_bytes, gzip_allowed=False)
        raw = b""
        try:
            raw = await read_body(
                request.receive,
                packed=False,
                max_bytes=self._limits.github_body_bytes,
                seconds=self._limits.github_body_seconds,
            )
            began = time.monotonic()
            named = await self._handover.parsed(_named_repository, raw)
            known = await self._known(named)
            waited = time.monotonic() - began
            known = await self._signed_for(request, raw, named, known)
            body = await self._handover.parsed(read_object, raw)
            repository = repository_of(body)
            if repository != named:
                # The two readers disagree only about bodies that spell the repository in an odd way.
                known = await self._known(repository)
            delivery = request.headers.get("x-github-delivery")
            kind = request.headers.get("x-github-event")
            event = delivery_event(kind, delivery, body, raw, project_id=known.project_id)
        except KinoError as error:
            note_refusal(request, error, raw)
            raise
        outcome = await self._handover.land(event, event_id=delivery, request_id=request.id, waited=waited)
        return delivery, outcome

    async def _known(self, repository: str | None, *, kept_seconds: float = KEPT_SECONDS) -> KnownRepository:
        if not repository:
            return KnownRepository()
        return await self._lookups.repository(repository, self._limits.database_seconds / 2, kept_seconds=kept_seconds)

    async def _signed_for(
        self, request: Request, raw: bytes, named: str | None, known: KnownRepository
    ) -> KnownRepository:
        """Return what is known of the repository whose secret signed the body; raises BadSignature."""
        try:
            await self._check_signature(request, raw, known)
        except BadSignature:
            # The secret may have been changed a moment ago, and GitHub does not send again.
            newest = await self._known(named, kept_seconds=JUST_NOW_SECONDS)
            if newest == known:
                raise
            await self._check_signature(request, raw, newest)
            return newest
        return known

    async def _check_signature(self, request: Request, raw: bytes, known: KnownRepository) -> None:
        if known.signs:
            secrets = known.secrets
        elif self._common_secret is not None:
            secrets = (self._common_secret,)
        else:
            raise Unauthenticated("Kino has no secret for GitHub's webhooks. Set GITHUB_WEBHOOK_SECRET on both sides.")
        signature = request.headers.get("x-hub-signature-256")
        if not await self._handover.parsed(lambda body: signed_by_github(body, signature, secrets), raw):
            raise BadSignature("X-Hub-Signature-256 does not sign this body with our secret.")


class _Repository(msgspec.Struct):
    full_name: str


class _Delivery(msgspec.Struct):
    repository: _Repository | None = None


_DELIVERY = msgspec.json.Decoder(_Delivery)


def _named_repository(raw: bytes) -> str | None:
    """Return which repository an unproven body claims to be about, only to find the secret that must have signed it."""
    try:
        repository = _DELIVERY.decode(raw).repository
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return repository.full_name if repository is not None else None
