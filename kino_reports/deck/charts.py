"""Native PowerPoint charts: a reader can open the numbers behind each, and recolour or retype them."""

from pptx.chart.axis import _BaseAxis
from pptx.chart.chart import Chart as NativeChart
from pptx.chart.data import CategoryChartData
from pptx.chart.datalabel import DataLabels
from pptx.chart.plot import _BasePlot
from pptx.chart.series import BarSeries, LineSeries
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
    XL_TICK_MARK,
)
from pptx.oxml.ns import qn
from pptx.shapes.graphfrm import GraphicFrame
from pptx.slide import Slide
from pptx.util import Inches, Pt

from kino_core.metrics import Unit
from kino_reports import look, measure
from kino_reports.charts import AXIS_SIZE, BLUE, OUTLINE, OUTLINED, VERMILLION, Chart, ChartKind, label_every
from kino_reports.deck.colors import rgb
from kino_reports.deck.words import Paragraph, add_text
from kino_reports.layout import Box
from kino_reports.wording import legal

_TYPES = {
    ChartKind.COLUMN: XL_CHART_TYPE.COLUMN_CLUSTERED,
    ChartKind.BAR: XL_CHART_TYPE.BAR_CLUSTERED,
    ChartKind.STACKED_BAR: XL_CHART_TYPE.BAR_STACKED,
    ChartKind.LINE: XL_CHART_TYPE.LINE_MARKERS,
}
_FORMATS = {Unit.SHARE: "0.0%", Unit.COUNT: "#,##0", Unit.LINES: "#,##0"}
_TITLE_SIZE = 14
_LEAST_SEGMENT = 0.07
"""Narrower parts of a stacked bar carry no number: it would run over its neighbours'."""


def add_chart(slide: Slide, chart: Chart, box: Box) -> None:
    """Add the chart's title as text and below it the native chart, with its words for those who cannot see it."""
    title = measure.cut(chart.title, _TITLE_SIZE, box.width, 1, bold=True)
    head = measure.line_height(_TITLE_SIZE) + 0.06
    add_text(slide, Box(box.left, box.top, box.width, head), [Paragraph(title, _TITLE_SIZE, bold=True)], "Chart title")
    frame = slide.shapes.add_chart(
        _TYPES[chart.kind],
        Inches(box.left),
        Inches(box.top + head),
        Inches(box.width),
        Inches(box.height - head),
        _data(chart),  # type: ignore[arg-type]  # the annotation names another class than the documentation
    )
    assert isinstance(frame, GraphicFrame)
    frame.name = legal(chart.title)
    frame.element.nvGraphicFramePr.cNvPr.set("descr", legal(chart.alt))
    _style(frame.chart, chart, box.width)


def safe_cell(text: str) -> str:
    """Return `text` so that a spreadsheet takes it for text and never for a formula, and XML takes it at all."""
    text = legal(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _data(chart: Chart) -> CategoryChartData:
    # python-pptx left its chart data without types.
    data = CategoryChartData(number_format=_FORMATS[chart.unit])  # type: ignore[no-untyped-call]  # python-pptx left it out
    data.categories = [safe_cell(category) for category in chart.categories]
    for series in chart.series:
        data.add_series(safe_cell(series.name), series.values)  # type: ignore[no-untyped-call]  # python-pptx left it out
    return data


def _style(native: NativeChart, chart: Chart, wide: float) -> None:
    native.has_title = False
    native.font.size = Pt(AXIS_SIZE)
    native.font.color.rgb = rgb(look.INK)
    native.has_legend = len(chart.series) > 1
    if native.has_legend:
        native.legend.position = XL_LEGEND_POSITION.TOP
        native.legend.include_in_layout = False
    plot = native.plots[0]
    plot.vary_by_categories = False
    if chart.kind is not ChartKind.LINE:
        plot.gap_width = 60 if len(chart.categories) > 3 else 150
        plot.overlap = 100 if chart.kind is ChartKind.STACKED_BAR else 0
    for series, native_series in zip(chart.series, plot.series, strict=True):
        if isinstance(native_series, LineSeries):
            _color_line(native_series, series.color)
        else:
            _color_bars(native_series, series.color)
    _style_axes(native, chart, wide)
    if chart.labelled:
        _label(plot, chart)


def _color_line(series: LineSeries, color: str) -> None:
    series.smooth = False
    series.format.line.color.rgb = rgb(color)
    series.format.line.width = Pt(2)
    series.marker.style = XL_MARKER_STYLE.CIRCLE
    series.marker.size = 7
    series.marker.format.fill.solid()
    series.marker.format.fill.fore_color.rgb = rgb(color)
    series.marker.format.line.color.rgb = rgb(color)


def _color_bars(series: BarSeries, color: str) -> None:
    series.invert_if_negative = False
    series.format.fill.solid()
    series.format.fill.fore_color.rgb = rgb(color)
    if color in OUTLINED:
        series.format.line.color.rgb = rgb(OUTLINE)
        series.format.line.width = Pt(0.75)


def _style_axes(native: NativeChart, chart: Chart, wide: float) -> None:
    flat = chart.kind in (ChartKind.BAR, ChartKind.STACKED_BAR)
    values, names = native.value_axis, native.category_axis
    names.format.line.color.rgb = rgb(look.RULE)
    names.major_tick_mark = names.minor_tick_mark = XL_TICK_MARK.NONE
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.has_major_gridlines = False
    values.major_tick_mark = values.minor_tick_mark = XL_TICK_MARK.NONE
    values.format.line.fill.background()
    values.minimum_scale = 0
    ticks = chart.ticks
    values.maximum_scale, values.major_unit = ticks[-1], ticks[1] - ticks[0]
    values.has_major_gridlines = not flat
    if flat:
        names.reverse_order = True
        values.visible = False
        return
    values.major_gridlines.format.line.color.rgb = rgb(look.RULE)
    values.tick_labels.number_format = "0%" if chart.unit is Unit.SHARE else _FORMATS[chart.unit]
    values.tick_labels.number_format_is_linked = False
    _name_every(names, label_every(chart, (wide - 0.7) / len(chart.categories)))


def _name_every(axis: _BaseAxis, every: int) -> None:
    offset = axis._element.find(qn("c:lblOffset"))
    skip = axis._element.makeelement(qn("c:tickLblSkip"), {"val": str(every)})
    offset.addnext(skip)
    # Upright for ever: a name that does not fit is left out above, never turned.
    axis.tick_labels.font.size = Pt(AXIS_SIZE)
    axis._element.find(f"{qn('c:txPr')}/{qn('a:bodyPr')}").set("rot", "0")


def _label(plot: _BasePlot, chart: Chart) -> None:
    positions = {
        ChartKind.COLUMN: XL_LABEL_POSITION.OUTSIDE_END,
        ChartKind.BAR: XL_LABEL_POSITION.OUTSIDE_END,
        ChartKind.STACKED_BAR: XL_LABEL_POSITION.CENTER,
        ChartKind.LINE: XL_LABEL_POSITION.ABOVE,
    }
    for series, native in zip(chart.series, plot.series, strict=True):
        labels = native.data_labels
        labels.show_value = True
        labels.number_format, labels.number_format_is_linked = _FORMATS[chart.unit], False
        labels.position = positions[chart.kind]
        labels.font.size = Pt(AXIS_SIZE)
        stacked = chart.kind is ChartKind.STACKED_BAR
        white = stacked and series.color in (BLUE, VERMILLION)
        labels.font.color.rgb = rgb("#FFFFFF" if white else look.INK)
        if chart.kind is ChartKind.LINE:
            _put_below(native, [place for place in range(len(series.values)) if chart.dips(series, place)])
        if stacked:
            _drop_narrow(labels, series.values)


def _put_below(native: BarSeries | LineSeries, places: list[int]) -> None:
    for place in places:
        native.points[place].data_label.position = XL_LABEL_POSITION.BELOW


def _drop_narrow(labels: DataLabels, values: tuple[float | None, ...]) -> None:
    """Take the number off segments too narrow for it; the chart's own sheet still holds it."""
    element = labels._element
    for place, value in reversed(list(enumerate(values))):
        if value is None or value >= _LEAST_SEGMENT:
            continue
        label = element.makeelement(qn("c:dLbl"), {})
        label.append(label.makeelement(qn("c:idx"), {"val": str(place)}))
        label.append(label.makeelement(qn("c:delete"), {"val": "1"}))
        element.insert(0, label)
