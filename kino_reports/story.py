"""What a report says, before anyone decides how it looks: slides of blocks, in the order they are read."""

from dataclasses import dataclass
from enum import StrEnum

from kino_reports.charts import Chart


class Judgement(StrEnum):
    """Whether a change is good, by the metric's own direction."""

    BETTER = "better"
    WORSE = "worse"
    NEUTRAL = "neutral"


@dataclass(frozen=True)
class Change:
    """One comparison on a tile: `+12% on Q2 2026`."""

    text: str
    judgement: Judgement = Judgement.NEUTRAL


@dataclass(frozen=True)
class Tile:
    """One key figure: its value, its range where it has bounds, its changes, and how much stands behind it."""

    label: str
    value: str
    changes: tuple[Change, ...]
    basis: str
    range: str | None = None


@dataclass(frozen=True)
class Tiles:
    """Key figures side by side; at most five."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Claims:
    """The few sentences that a reader should remember."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Lines:
    """Short statements under an optional heading."""

    items: tuple[str, ...]
    heading: str | None = None


class Align(StrEnum):
    """How a column's cells stand."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class Column:
    """One column of a table; `weight` is its share of the width."""

    title: str
    weight: float = 1.0
    align: Align = Align.LEFT


@dataclass(frozen=True)
class Table:
    """Rows of text; `name` says what the table holds, for readers who hear it. `noun` counts rows left out."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    noun: str = "row"
    left_out: int = 0


Block = Tiles | Claims | Lines | Chart | Table


@dataclass(frozen=True)
class Slide:
    """One message: a title that states it and what supports it, in rows of blocks side by side.

    `number` is the section's place in the skeleton, None in the appendix. `notes` hold source and definitions.
    What does not fit on one page goes on to the next if it `flows` (in `columns`), and is counted but not
    shown otherwise.
    """

    key: str
    number: int | None
    section: str
    title: str
    rows: tuple[tuple[Block, ...], ...]
    notes: str = ""
    flows: bool = False
    columns: int = 1

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Return every block in reading order."""
        return tuple(block for row in self.rows for block in row)


@dataclass(frozen=True)
class Story:
    """A whole report: its title page, its slides, and the lines that every page carries: `source` and `label`."""

    title: str
    subject: str
    subtitle: str
    as_of: str
    source: str
    label: str
    slides: tuple[Slide, ...]

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Return every chart in reading order."""
        return tuple(block for slide in self.slides for block in slide.blocks if isinstance(block, Chart))
