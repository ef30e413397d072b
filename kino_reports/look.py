"""The colours of a report; on white, text has at least 4.8:1 and stays apart under colour blindness."""

from kino_reports.story import Judgement

INK = "#1F2937"
MUTED = "#5B6472"
ACCENT = "#0B5F94"
RULE = "#D5DAE1"
GROUND = "#F3F5F8"

FONTS = "Inter, DejaVu Sans, sans-serif"

OTHER_FONTS = "DejaVu Sans, sans-serif"
"""For characters that Inter lacks. A PDF font that was asked for a glyph it lacks can no longer be read as text by
some programs; asking another one first keeps that from happening to every number in the document."""

JUDGED = {Judgement.BETTER: "#00805F", Judgement.WORSE: "#7D0F3F", Judgement.NEUTRAL: INK}

_STATUS = {"●": "on-track", "▲": "at-risk", "■": "blocked", "✓": "completed", "–": "none"}
_CELLS = {
    "on-track": "#00805F",
    "at-risk": "#9A6700",
    "blocked": "#7D0F3F",
    "completed": "#2456A6",
    "none": "#6B7280",
    "better": JUDGED[Judgement.BETTER],
    "worse": JUDGED[Judgement.WORSE],
}


def cell_kind(words: str) -> str:
    """Return what a table's cell tells by its icon or its last word: a status, a judgement, or nothing."""
    if len(words) > 2 and words[1] == " " and words[0] in _STATUS:
        return _STATUS[words[0]]
    verdict = words.rpartition(" · ")[2]
    return verdict if verdict in (Judgement.BETTER, Judgement.WORSE) else ""


def cell_color(words: str) -> str:
    """Return the colour of a table's cell on white."""
    return _CELLS.get(cell_kind(words), INK)
