import json
from dataclasses import replace

import msgspec
import pytest

from kino_core.metrics import METRICS
from kino_reports.snapshot import Reading, finite, thaw
from tests.kino_reports.portfolios import HARD_NAMES, snapshot


def test_equal_snapshots_have_equal_bytes() -> None:
    assert snapshot().to_json() == snapshot().to_json()
    assert snapshot().sha256 == snapshot().sha256


def test_any_change_changes_the_fingerprint() -> None:
    one = snapshot()
    assert replace(one, blockers=one.blockers[:1]).sha256 != one.sha256
    assert replace(one, lake_snapshot_id=43).sha256 != one.sha256


@pytest.mark.parametrize("names", [(), ("Kino",), HARD_NAMES])
def test_a_stored_snapshot_comes_back_as_it_was(names: tuple[str, ...]) -> None:
    one = snapshot(names)
    back = thaw(json.loads(one.to_json()))
    assert back == one
    assert back.sha256 == one.sha256


def test_a_snapshot_of_another_shape_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        thaw({"kind": "qbr"})


def test_what_was_not_frozen_is_no_data() -> None:
    silent = snapshot(("Quiet",), silent=True)
    for metric in METRICS:
        assert silent.number(metric.key).now == Reading()
        assert not silent.projects[0].number(metric.key).known


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_only_real_numbers_are_values(value: float | None) -> None:
    assert finite(value) is None
    assert finite(2) == 2.0
