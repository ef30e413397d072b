"""Five rounds of the crash test; `make torture` runs two hundred."""

import random

from tests.torture.rounds import torture


def test_what_is_acknowledged_is_stored_and_folded_once() -> None:
    tally = torture(5, seed=random.randrange(1_000_000))
    assert tally.ok, tally.shown()
    assert tally.acknowledged > 500
