"""Kino's own 16:9 template, made from python-pptx's stock one: page size, masters, layouts, fonts and colours."""

import re
from copy import deepcopy
from datetime import datetime

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.presentation import Presentation as Deck
from pptx.shapes.placeholder import LayoutPlaceholder, MasterPlaceholder, SlidePlaceholder
from pptx.slide import Slide, SlideLayout
from pptx.util import Inches

from kino_reports import look
from kino_reports.charts import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from kino_reports.deck.words import Paragraph, write
from kino_reports.layout import (
    COVER_TEXT_BOX,
    COVER_TITLE_BOX,
    FOOTER_BOX,
    NUMBER_BOX,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    TITLE_BOX,
    Box,
)
from kino_reports.story import Story

_KEPT = {"Title Slide": "Cover", "Title Only": "Finding"}
_COLORS = {
    "dk1": look.INK,
    "lt1": "#FFFFFF",
    "dk2": look.ACCENT,
    "lt2": look.GROUND,
    "accent1": BLUE,
    "accent2": VERMILLION,
    "accent3": GREEN,
    "accent4": ORANGE,
    "accent5": SKY,
    "accent6": PURPLE,
    "hlink": look.ACCENT,
    "folHlink": look.MUTED,
}

_BAND = f"""<p:sp {nsdecls("p", "a")}><p:nvSpPr><p:cNvPr id="90" name="Band"/><p:cNvSpPr/><p:nvPr userDrawn="1"/>
</p:nvSpPr><p:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{Inches(0.35)}" cy="{Inches(PAGE_HEIGHT)}"/></a:xfrm>
<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill><a:schemeClr val="tx2"/></a:solidFill></p:spPr></p:sp>"""


def new_deck(story: Story, moment: datetime) -> Deck:
    """Return an empty deck in Kino's template with its properties set; `moment` is its time of making."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(PAGE_WIDTH), Inches(PAGE_HEIGHT)
    for layout in list(deck.slide_layouts):
        if layout.name not in _KEPT:
            deck.slide_layouts.remove(layout)
    _shape_master(deck)
    for layout in deck.slide_layouts:
        _shape_layout(layout)
    about = deck.core_properties
    about.title, about.subject = f"{story.title}: {story.subject}", story.label
    about.author = about.last_modified_by = "Kino"
    about.comments, about.language, about.revision = story.source, "en", 1
    about.created = about.modified = moment.replace(tzinfo=None)
    return deck


def layout_named(deck: Deck, name: str) -> SlideLayout:
    """Return one of the template's layouts: `Cover` or `Finding`."""
    return next(layout for layout in deck.slide_layouts if layout.name == name)


def add_footer(slide: Slide, words: str) -> None:
    """Give `slide` its footer and its page number, as the fields that PowerPoint itself keeps."""
    # python-pptx types this collection so that mypy cannot iterate over it.
    for placeholder in slide.slide_layout.placeholders:  # type: ignore[misc]  # iterable, says the documentation
        kind = placeholder.placeholder_format.type
        if kind not in (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER):
            continue
        slide.shapes._spTree.append(deepcopy(placeholder.element))
        if kind is PP_PLACEHOLDER.FOOTER:
            footer = slide.placeholders[placeholder.placeholder_format.idx]
            assert isinstance(footer, SlidePlaceholder)
            write(footer.text_frame, [Paragraph(words, 12, look.MUTED)])


def rewrite_theme(name: str, content: bytes) -> bytes:
    """Return the part with Kino's colours and fonts where it is a theme, else unchanged."""
    if not name.startswith("ppt/theme/"):
        return content
    text = content.decode()
    for slot, color in _COLORS.items():
        text = re.sub(rf"(<a:{slot}>).*?(</a:{slot}>)", rf'\g<1><a:srgbClr val="{color[1:]}"/>\g<2>', text)
    text = re.sub(r'(<a:(?:major|minor)Font>\s*<a:latin typeface=")[^"]*', r"\g<1>Inter", text)
    return re.sub(r'name="Office[^"]*"', 'name="Kino"', text).encode()


def _shape_master(deck: Deck) -> None:
    master = deck.slide_master
    for placeholder in list(master.placeholders):
        match placeholder.placeholder_format.type:
            case PP_PLACEHOLDER.TITLE:
                _put(placeholder, TITLE_BOX)
            case PP_PLACEHOLDER.FOOTER:
                _put(placeholder, FOOTER_BOX)
                _style_small(placeholder, "l")
            case PP_PLACEHOLDER.SLIDE_NUMBER:
                _put(placeholder, NUMBER_BOX)
                _style_small(placeholder, "r")
            case PP_PLACEHOLDER.DATE:
                _remove(placeholder)
            case _:
                _put(placeholder, Box(TITLE_BOX.left, 1.9, TITLE_BOX.width, 4.9))
    style = master.element.find(f".//{qn('p:titleStyle')}/{qn('a:lvl1pPr')}")
    style.set("algn", "l")
    letters = style.find(qn("a:defRPr"))
    letters.set("sz", "2800")
    letters.set("b", "1")


def _shape_layout(layout: SlideLayout) -> None:
    layout.name = _KEPT[layout.name]
    for placeholder in list(layout.placeholders):
        match placeholder.placeholder_format.type:
            case PP_PLACEHOLDER.DATE:
                _remove(placeholder)
            case PP_PLACEHOLDER.CENTER_TITLE:
                _put(placeholder, COVER_TITLE_BOX)
            case PP_PLACEHOLDER.SUBTITLE:
                _put(placeholder, COVER_TEXT_BOX)
    if layout.name == "Cover":
        layout.shapes._spTree.insert(2, parse_xml(_BAND))


def _put(placeholder: MasterPlaceholder | LayoutPlaceholder, box: Box) -> None:
    placeholder.left, placeholder.top = Inches(box.left), Inches(box.top)
    placeholder.width, placeholder.height = Inches(box.width), Inches(box.height)
    body = placeholder.element.find(f".//{qn('a:bodyPr')}")
    for side in ("lIns", "tIns", "rIns", "bIns"):
        body.set(side, "0")
    body.set("anchor", "t")
    for fitting in list(body):
        body.remove(fitting)


def _style_small(placeholder: MasterPlaceholder, align: str) -> None:
    level = placeholder.element.find(f".//{qn('a:lvl1pPr')}")
    level.set("algn", align)
    color = level.find(f".//{qn('a:schemeClr')}")
    color.getparent().replace(color, parse_xml(f'<a:srgbClr {nsdecls("a")} val="{look.MUTED[1:]}"/>'))


def _remove(placeholder: MasterPlaceholder | LayoutPlaceholder) -> None:
    placeholder.element.getparent().remove(placeholder.element)
