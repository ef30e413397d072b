"""The colours of kino.css against what the look promises: readable on every ground, in both themes."""

import re

import pytest

from dashboards.static_files import STATIC_PATH

COLOURS: dict[str, tuple[str, str]] = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", (STATIC_PATH / "kino.css").read_text()
    )
}
STATUSES = {
    "on-track": ("#00805f", "#3ecf9a"),
    "at-risk": ("#9a6700", "#f0b429"),
    "blocked": ("#7d0f3f", "#ff8a80"),
    "completed": ("#2456a6", "#7fb6ff"),
    "none": ("#6b7280", "#a7b0bd"),
}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "surface"])
@pytest.mark.parametrize("status", STATUSES)
def test_a_status_reads_well_on_both_grounds(status: str, ground: str, theme: int) -> None:
    assert COLOURS[status] == STATUSES[status]
    assert contrast(COLOURS[status][theme], COLOURS[ground][theme]) >= 4.8


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "surface", "sunken", "accent-soft"])
@pytest.mark.parametrize("ink", ["ink", "ink-2", "ink-3", "accent"])
def test_text_reads_well_on_every_ground(ink: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[ink][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("colour", ["series-1", "series-2", "line-strong"])
def test_bars_and_borders_of_fields_are_seen(colour: str, theme: int) -> None:
    assert contrast(COLOURS[colour][theme], COLOURS["surface"][theme]) >= 3


def test_only_the_six_sizes_are_used() -> None:
    css = (STATIC_PATH / "kino.css").read_text()
    sizes = set(re.findall(r"font-size: (\d+)px", css)) | set(re.findall(r"font: [\w ]*?(\d+)px/", css))
    assert sizes <= {"12", "14", "16", "20", "28", "36"}
