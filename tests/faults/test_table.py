"""The table of docs/faults.md names tests that exist, and leaves no bad input out."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "faults.md").read_text()


def test_every_bad_input_is_there() -> None:
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|.*`tests/.*\|$", TEXT, flags=re.MULTILINE)]
    assert numbers == list(range(1, 41))


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[^`]+)`", TEXT))))
def test_what_is_named_exists(named: str) -> None:
    path, _, test = named.partition("::")
    assert re.search(rf"^(?:async )?def {test}\(", (ROOT / path).read_text(), flags=re.MULTILINE)
