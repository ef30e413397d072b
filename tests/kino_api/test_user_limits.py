"""What one user may ask of the API: told with every answer, counted for all processes, and by each without Redis."""

import uuid
from collections.abc import Callable

import pytest
import redis as redis_client

from kino_api.user_limits import USER_QUOTA
from kino_core.settings import Settings
from kino_ingest import quotas
from kino_ingest.quotas import Quota

from .conftest import Kino

Start = Callable[[Settings], Kino]


@pytest.fixture
def limited(
    start: Start, api_settings: Settings, administrator: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Kino]:
    """Start an API that counts; small limits keep the test short, and on a busy machine Redis may take its time."""

    def started(quota: Quota = USER_QUOTA, **changes: object) -> Kino:
        monkeypatch.setattr(quotas, "REDIS_SECONDS", 10.0)
        monkeypatch.setattr("kino_api.user_limits.USER_QUOTA", quota)
        return start(api_settings.model_copy(update={"rate_limits_on": True, **changes}))

    return started


def test_every_answer_tells_where_one_stands(limited: Callable[..., Kino]) -> None:
    kino = limited()
    answer = kino.signed_in().get("/auth/me")
    assert answer.headers["ratelimit-policy"] == '"minute";q=100;w=60, "hour";q=1000;w=3600, "day";q=10000;w=86400'
    assert answer.headers["ratelimit-remaining"] == "99"
    assert "retry-after" not in answer.headers


def test_over_the_limit_is_refused_in_the_envelope_with_the_time_to_wait(limited: Callable[..., Kino]) -> None:
    kino = limited(Quota(per_minute=3, per_hour=100, per_day=1000))
    client = kino.signed_in()
    assert client.get("/api/v1/projects/00000000-0000-0000-0000-000000000000").status_code == 404
    assert client.post("/api/v1/projects", json={"name": ""}).status_code == 400
    assert client.get("/auth/me").status_code == 200
    refused = client.get("/api/v1/projects")
    assert refused.status_code == 429
    error = refused.json()["error"]
    assert (error["category"], error["code"], error["retryable"]) == ("RATE_LIMIT", "RATE_LIMITED", True)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-remaining"] == "0"
    # Another session of the same user has no more, another user has their own.
    assert kino.signed_in().get("/auth/me").status_code == 429
    assert kino.signed_in_as().get("/auth/me").status_code == 200
    # Nobody has to be known for these.
    assert [client.get(path).status_code for path in ("/healthz", "/readyz", "/.well-known/jwks.json")] == [200] * 3
    assert kino.client().get("/auth/me").status_code == 401


def test_who_is_not_signed_in_or_sends_nonsense_spends_nobodys_limit(limited: Callable[..., Kino]) -> None:
    kino = limited(Quota(per_minute=1, per_hour=10, per_day=10))
    for _ in range(3):
        assert kino.client(Authorization="Bearer nonsense").get("/auth/me").status_code == 401
    assert kino.signed_in().get("/auth/me").status_code == 200


def test_processes_share_one_count(limited: Callable[..., Kino]) -> None:
    quota = Quota(per_minute=2, per_hour=10, per_day=10)
    first, second = limited(quota), limited(quota)
    client, other = first.signed_in(), second.signed_in()
    assert [client.get("/auth/me").status_code, other.get("/auth/me").status_code] == [200, 200]
    assert [client.get("/auth/me").status_code, other.get("/auth/me").status_code] == [429, 429]


def test_without_redis_each_process_counts_for_itself(limited: Callable[..., Kino]) -> None:
    kino = limited(Quota(per_minute=2, per_hour=10, per_day=10), own_redis_url=None)
    client = kino.signed_in()
    assert [client.get("/auth/me").status_code for _ in range(3)] == [200, 200, 429]


def test_limits_can_be_lifted_for_a_trial(kino: Kino, redis_url: str) -> None:
    answer = kino.signed_in().get("/auth/me")
    assert "ratelimit" not in answer.headers
    with redis_client.Redis.from_url(redis_url) as redis:
        assert redis.keys("kino:quota:*") == []


def test_the_day_has_its_own_window() -> None:
    windows, sender = quotas.LocalWindows(), uuid.uuid4()
    quota = Quota(per_minute=5, per_hour=5, per_day=6)
    with pytest.MonkeyPatch.context() as patch:
        now = [0.0]
        patch.setattr(quotas.time, "monotonic", lambda: now[0])
        granted = []
        for moment in (0.0, 4000.0, 8000.0, 86_400.0):
            now[0] = moment
            granted.append(windows.spend(sender, quota, 5)[0])
    assert granted == [5, 1, 0, 5]
