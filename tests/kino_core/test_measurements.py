"""What sums of measurements promise."""

from itertools import permutations

import duckdb

from kino_core.measurements import value_macros


def test_a_sum_is_the_same_in_any_order() -> None:
    with duckdb.connect() as lake:
        lake.execute(value_macros())

        def total(*numbers: float | None) -> float | None:
            row = lake.execute("SELECT exact_sum(number) FROM (SELECT unnest(?::DOUBLE[]) AS number)", [list(numbers)])
            found = row.fetchone()
            assert found is not None
            return None if found[0] is None else float(found[0])

        assert {total(*each) for each in permutations((0.1, 0.2, 0.3, 1 / 3, 1e9))} == {1000000000.933333333}
        assert total(None, None) is None
        assert total(2, None, 1e300, float("nan"), float("inf")) == 2, "what is beyond all reason counts nothing"
