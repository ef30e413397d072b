"""Requests that may be repeated: a POST with an `Idempotency-Key` has its effect once, and its answer again.

The key is claimed in the transaction that makes the change, and the answer is stored in it before it commits: there is
no moment at which the one is there without the other (docs/decisions/0008-idempotency-keys.md).
"""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.concurrency import contextmanager_in_threadpool
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from kino_api.authentication import committing, signed_in
from kino_api.sql import read_sql
from kino_core.database import WriteSession, query
from kino_core.errors import Conflict, InvalidInput

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
WAIT_SECONDS = 3.0
"""How long a request waits for its twin that is being worked on."""
PAUSE_SECONDS = 0.05

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "location", "etag")


class InvalidKey(InvalidInput):
    """A key that is empty, too long, or holds spaces or letters beyond ASCII."""

    code = "INVALID_IDEMPOTENCY_KEY"


class KeyReused(Conflict):
    """The key came with another request before."""

    code = "IDEMPOTENCY_KEY_REUSED"


class KeyInUse(Conflict):
    """The first request with this key is still being worked on."""

    code = "IDEMPOTENCY_KEY_IN_USE"
    retryable = True


class AnswerNotKept(Conflict):
    """The request was done, and its answer held a secret, which is kept nowhere."""

    code = "IDEMPOTENT_ANSWER_NOT_KEPT"


Handle = Callable[[Request], Awaitable[Response]]


async def answer_once(request: Request, key: str, handle: Handle, *, secret: bool) -> Response:
    """Handle a request, or give the answer again that it had before; an error leaves the key free.

    The answer of a route that tells a `secret` is not kept. Raises InvalidKey, KeyReused, KeyInUse or AnswerNotKept.
    """
    if not _KEY.fullmatch(key):
        raise InvalidKey(f"{HEADER} has 1 to 255 visible ASCII characters. A UUID is a good one.", field=HEADER)
    claim = {"user_id": signed_in(request).id, "key": key, "request_hash": await _hash_of(request)}
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        # Waiting inside a transaction would hold a connection that the twin may need to come to its end.
        async with contextmanager_in_threadpool(committing(request)) as session:
            if await run_in_threadpool(_lock, session, claim):
                return await _answer(request, session, claim, handle, secret)
        if time.monotonic() > deadline:
            raise KeyInUse("The first request with this key is still being worked on. Try again in a moment.")
        await asyncio.sleep(PAUSE_SECONDS)


async def _answer(
    request: Request, session: WriteSession, claim: dict[str, Any], handle: Handle, secret: bool
) -> Response:
    known = await run_in_threadpool(_claim, session, claim)
    if known is not None:
        return known
    # `writing` gives the route this session: what it changes commits together with the key.
    request.state.write_session = session
    response = await handle(request)
    await run_in_threadpool(_keep, session, claim, response, secret)
    return response


def _lock(session: WriteSession, claim: dict[str, Any]) -> bool:
    """Return whether nobody else works on a request with this key; nobody will until the session ends."""
    [row] = query(
        session,
        "SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0)) AS mine",
        name=f"idempotency:{claim['user_id']}:{claim['key']}",
    )
    return bool(row.mine)


def _claim(session: WriteSession, claim: dict[str, Any]) -> Response | None:
    """Claim the key and return None, or the answer that the same request had; keys of more than a day are gone."""
    query(session, read_sql("idempotency_key_sweep"), user_id=claim["user_id"], key=claim["key"])
    if query(session, read_sql("idempotency_key_claim"), **claim):
        return None
    [kept] = query(
        session,
        "SELECT request_hash, status, headers, answer FROM kino.idempotency_key"
        " WHERE user_id = :user_id AND key = :key",
        user_id=claim["user_id"],
        key=claim["key"],
    )
    if bytes(kept.request_hash) != claim["request_hash"]:
        raise KeyReused(f"This {HEADER} came with another request. Take a new key for a new request.")
    if kept.answer is None:
        raise AnswerNotKept(
            "The request was done, and its answer held a secret that Kino does not keep. "
            "Look for what it made, and make another if the secret is lost."
        )
    return Response(bytes(kept.answer), kept.status, {**kept.headers, REPLAYED: "true"})


def _keep(session: WriteSession, claim: dict[str, Any], response: Response, secret: bool) -> None:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    query(
        session,
        "UPDATE kino.idempotency_key SET status = :status, headers = CAST(:headers AS jsonb), answer = :answer"
        " WHERE user_id = :user_id AND key = :key RETURNING key",
        status=response.status_code,
        headers=json.dumps(headers),
        answer=None if secret else bytes(response.body),
        user_id=claim["user_id"],
        key=claim["key"],
    )


async def _hash_of(request: Request) -> bytes:
    target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(target + await request.body()).digest()
