"""Text in PowerPoint shapes: exact sizes and spacing, no autofit, so that it stands as it was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.slide import Slide
from pptx.text.text import TextFrame, _Paragraph
from pptx.util import Inches, Pt

from kino_reports import look
from kino_reports.deck.colors import rgb
from kino_reports.layout import Box
from kino_reports.measure import LINE_HEIGHT
from kino_reports.wording import legal


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of one style; `gap` is the space before it in points, `bullet` hangs a dot before it."""

    text: str
    size: float
    color: str = look.INK
    bold: bool = False
    gap: float = 0
    bullet: bool = False


def add_text(slide: Slide, box: Box, paragraphs: Sequence[Paragraph], name: str) -> None:
    """Add a text box without margins, named for people who navigate by name."""
    shape = slide.shapes.add_textbox(Inches(box.left), Inches(box.top), Inches(box.width), Inches(box.height))
    shape.name = name
    write(shape.text_frame, paragraphs)


def write(frame: TextFrame, paragraphs: Sequence[Paragraph], *, margin: float = 0, align: str = "l") -> None:
    """Fill `frame` with `paragraphs`; `margin` in inches on every side, `align` is l or r."""
    frame.word_wrap = True
    frame.auto_size = MSO_AUTO_SIZE.NONE
    frame.vertical_anchor = MSO_ANCHOR.TOP
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Inches(margin)
    for place, paragraph in enumerate(paragraphs):
        target = frame.paragraphs[0] if place == 0 else frame.add_paragraph()  # type: ignore[no-untyped-call]  # python-pptx left it out
        _write_one(target, paragraph, align)


def _write_one(target: _Paragraph, paragraph: Paragraph, align: str) -> None:
    target.alignment = PP_ALIGN.RIGHT if align == "r" else PP_ALIGN.LEFT
    target.line_spacing = Pt(paragraph.size * LINE_HEIGHT)
    target.space_before = Pt(paragraph.gap)
    run = target.add_run()
    run.text = legal(paragraph.text)
    run.font.size = Pt(paragraph.size)
    run.font.bold = paragraph.bold
    run.font.color.rgb = rgb(paragraph.color)
    if paragraph.bullet:
        _hang_dot(target)


def _hang_dot(target: _Paragraph) -> None:
    properties = target._p.get_or_add_pPr()
    indent = str(int(Inches(0.22)))
    properties.set("marL", indent)
    properties.set("indent", f"-{indent}")
    properties.append(properties.makeelement(qn("a:buFont"), {"typeface": "Arial"}))
    properties.append(properties.makeelement(qn("a:buChar"), {"char": "•"}))
