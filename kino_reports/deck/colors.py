"""Colours as PowerPoint wants them."""

from pptx.dml.color import RGBColor


def rgb(color: str) -> RGBColor:
    """Return the colour written `#RRGGBB`."""
    found: RGBColor = RGBColor.from_string(color[1:])  # type: ignore[no-untyped-call]  # python-pptx left it out
    return found
