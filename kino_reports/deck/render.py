"""The story as the bytes of a PowerPoint file."""

import io
from datetime import datetime

from pptx.presentation import Presentation as Deck
from pptx.shapes.placeholder import SlidePlaceholder
from pptx.slide import Slide

from kino_reports import look
from kino_reports.charts import Chart
from kino_reports.deck.blocks import add_claims, add_lines, add_table, add_tiles
from kino_reports.deck.charts import add_chart
from kino_reports.deck.package import normalised
from kino_reports.deck.template import add_footer, layout_named, new_deck, rewrite_theme
from kino_reports.deck.words import Paragraph, add_text, write
from kino_reports.layout import SECTION_BOX, PageLayout, Placed, cover, footer, lay_out
from kino_reports.story import Claims, Lines, Story, Table, Tiles


def render(story: Story, moment: datetime) -> bytes:
    """Return a .pptx of `story`; equal stories and moments (UTC) give equal bytes."""
    deck = new_deck(story, moment)
    _add_cover(deck, story)
    for page in lay_out(story):
        _add_page(deck, page, story)
    out = io.BytesIO()
    deck.save(out)
    return normalised(out.getvalue(), moment, rewrite_theme)


def _add_cover(deck: Deck, story: Story) -> None:
    slide = deck.slides.add_slide(layout_named(deck, "Cover"))
    front = cover(story)
    _title(slide, front.title, front.title_size)
    subtitle = slide.placeholders[1]
    assert isinstance(subtitle, SlidePlaceholder)
    write(
        subtitle.text_frame,
        [
            Paragraph(front.subject, front.subject_size, look.ACCENT),
            Paragraph(story.subtitle, 16, gap=8),
            Paragraph(story.as_of, 16, look.MUTED, gap=4),
        ],
    )
    add_footer(slide, story.source)
    _notes(slide, f"{story.label}\n{story.source}.")


def _add_page(deck: Deck, page: PageLayout, story: Story) -> None:
    slide = deck.slides.add_slide(layout_named(deck, "Finding"))
    _title(slide, page.title, page.title_size)
    add_text(slide, SECTION_BOX, [Paragraph(page.section, 12, look.ACCENT, bold=True)], "Section")
    for placed in page.placed:
        _add_block(slide, placed)
    add_footer(slide, footer(story))
    _notes(slide, page.slide.notes or f"{story.source}.")


def _title(slide: Slide, words: str, size: float) -> None:
    title = slide.shapes.title
    assert title is not None
    write(title.text_frame, [Paragraph(words, size, bold=True)])


def _add_block(slide: Slide, placed: Placed) -> None:
    match placed.block:
        case Tiles() as tiles:
            add_tiles(slide, tiles, placed.box)
        case Claims() as claims:
            add_claims(slide, claims, placed.box, placed.size)
        case Lines() as lines:
            add_lines(slide, lines, placed.box, placed.size)
        case Table() as table:
            add_table(slide, table, placed.box, placed.size)
        case Chart() as chart:
            add_chart(slide, chart, placed.box)


def _notes(slide: Slide, words: str) -> None:
    frame = slide.notes_slide.notes_text_frame
    assert frame is not None
    frame.text = words
