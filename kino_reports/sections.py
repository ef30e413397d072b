"""What a section of the review returns: a page with its finding, or the reason why it has none."""

from dataclasses import dataclass

from kino_reports.story import Block


@dataclass(frozen=True)
class Page:
    """What a section shows: its finding (None: a plain title) and the blocks that support it.

    `metrics` are the keys whose definitions the speaker's notes hold.
    """

    finding: str | None
    rows: tuple[tuple[Block, ...], ...]
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gap:
    """Why a section has no page; a full sentence."""

    reason: str
