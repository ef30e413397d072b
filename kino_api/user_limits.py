"""How much one user may ask of the API: counted together for all processes, after it is known who asks."""

import math

from starlette.requests import Request

from kino_api.problems import TooManyAttempts
from kino_api.resources import resources_of
from kino_api.sessions import SignedIn
from kino_ingest.quotas import Quota

USER_QUOTA = Quota(per_minute=100, per_hour=1_000, per_day=10_000)


class TooManyRequests(TooManyAttempts):
    """The user has asked as much as one account may for now."""

    code = "RATE_LIMITED"


async def spend(request: Request) -> None:
    """Count the request of whoever sent it; the answer tells where they stand. Raises TooManyRequests."""
    quotas = resources_of(request).quotas
    if quotas is None:
        return
    visitor: SignedIn = request.state.visitor
    verdict = await quotas.spend(visitor.user.id, USER_QUOTA)
    request.state.answer_headers.update(verdict.headers())
    if not verdict.passes:
        seconds = max(1, math.ceil(verdict.wait))
        raise TooManyRequests(f"Your account has asked as much as it may. Go on in {seconds} seconds.", seconds=seconds)
