"""How wide text is, before anyone draws it: measured with the font's own widths, a little on the wide side."""

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from unicodedata import combining, east_asian_width

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # fontTools has no types

LINE_HEIGHT = 1.25
"""Of the font size; set as exact spacing everywhere, so that a fallback font cannot make lines taller."""

_SAFETY = 1.015
_UNKNOWN_GLYPH = 0.75
_WIDE_GLYPH = 1.3
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts", "/Library/Fonts")
_FILES = {
    False: ("Inter-Regular.otf", "Inter-Regular.ttf", "DejaVuSans.ttf", "LiberationSans-Regular.ttf"),
    True: ("Inter-Bold.otf", "Inter-Bold.ttf", "DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf"),
}


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of `text` on one line, in inches, at `size` points."""
    return _inches(_ems(text, bold), size)


# What a page holds is measured again at every size that it is tried at, and once more when it is drawn.
@lru_cache(maxsize=4096)
def lines(text: str, size: float, wide: float, *, bold: bool = False) -> tuple[str, ...]:
    """Return `text` broken into lines of at most `wide` inches; words that are too long break anywhere."""
    broken: list[str] = []
    line, ems = "", 0.0
    for word in text.split(" "):
        added = f" {word}" if line else word
        longer = _ems(added, bold, ems)
        if _inches(longer, size) <= wide:
            line, ems = line + added, longer
            continue
        if line:
            broken.append(line)
        *whole, line = _pieces(word, size, wide, bold)
        broken.extend(whole)
        ems = _ems(line, bold)
    return (*broken, line)


def height(text: str, size: float, wide: float, *, bold: bool = False) -> float:
    """Return the height of `text` in inches when it is broken into lines of `wide` inches."""
    return len(lines(text, size, wide, bold=bold)) * line_height(size)


def line_height(size: float) -> float:
    """Return the height of one line in inches."""
    return size * LINE_HEIGHT / 72


def cut(text: str, size: float, wide: float, most_lines: int, *, bold: bool = False) -> str:
    """Return `text`, ended with an ellipsis where it would need more than `most_lines` lines."""
    broken = lines(text, size, wide, bold=bold)
    if len(broken) <= most_lines:
        return text
    shorter = " ".join(broken[:most_lines])
    while shorter and len(lines(f"{shorter}…", size, wide, bold=bold)) > most_lines:
        shorter = shorter[:-1].rstrip()
    return f"{shorter}…"


def runs(text: str) -> Iterator[tuple[str, bool]]:
    """Yield `text` in pieces, each with whether the measured font has its characters."""
    widths = _widths(False)
    for known, characters in groupby(text, key=lambda character: character in widths):
        yield "".join(characters), known


def _pieces(word: str, size: float, wide: float, bold: bool) -> Iterator[str]:
    piece, ems = "", 0.0
    for character in word:
        longer = _ems(character, bold, ems)
        if piece and _inches(longer, size) > wide:
            yield piece
            piece, longer = "", _ems(character, bold)
        piece, ems = piece + character, longer
    yield piece


def _ems(text: str, bold: bool, before: float = 0.0) -> float:
    """Return the width of `text` in ems, behind something that is `before` ems wide."""
    widths = _widths(bold)
    for character in text:
        known = widths.get(character)
        before += _guess(character) if known is None else known
    return before


def _inches(ems: float, size: float) -> float:
    return ems * size / 72 * _SAFETY


def _guess(character: str) -> float:
    """Return the width in ems of a character that the measured font lacks."""
    if combining(character) or character in "\u200d\ufe0f\u2068\u2069":
        return 0.0
    return _WIDE_GLYPH if east_asian_width(character) in "WF" or character > "\uffff" else _UNKNOWN_GLYPH


@cache
def _widths(bold: bool) -> dict[str, float]:
    """Return the advance of every character of the font in ems; empty where no known font is installed."""
    path = _font_file(bold)
    if path is None:
        return {}
    with TTFont(path, lazy=True) as font:
        per_em: int = font["head"].unitsPerEm
        advances = font["hmtx"].metrics
        return {chr(code): advances[name][0] / per_em for code, name in font.getBestCmap().items()}


@cache
def _font_file(bold: bool) -> Path | None:
    folders = [Path(folder).expanduser() for folder in _FOLDERS]
    for name in _FILES[bold]:
        for folder in folders:
            if found := next(iter(sorted(folder.rglob(name))), None):
                return found
    return None
