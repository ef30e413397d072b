"""A chart as a Plotly figure: the plain object that Plotly draws in the HTML form."""

from typing import Any

from kino_core.metrics import Unit
from kino_reports.charts import OUTLINE, OUTLINED, Chart, ChartKind, Series, label_every

_AXIS_INCHES = 4.8
"""How wide an axis is at least on a wide screen, where two charts stand side by side."""


def figure(chart: Chart) -> dict[str, Any]:
    """Return `{"data": …, "layout": …}`; colours of text and ground are left to the page's theme."""
    flat = chart.kind in (ChartKind.BAR, ChartKind.STACKED_BAR)
    values: dict[str, Any] = {
        "range": [0, chart.ticks[-1]],
        "dtick": chart.ticks[1] - chart.ticks[0],
        "tickformat": ".0%" if chart.unit is Unit.SHARE else ",d",
        "fixedrange": True,
        "zeroline": False,
        "visible": not flat,
        "automargin": True,
    }
    names: dict[str, Any] = {"type": "category", "fixedrange": True, "automargin": True, "showgrid": False}
    names["tickangle"] = 0
    if not flat:
        names["dtick"] = label_every(chart, _AXIS_INCHES / len(chart.categories))
    if flat:
        names |= {"autorange": "reversed", "ticksuffix": "  "}
        values["range"] = [0, 1 if chart.kind is ChartKind.STACKED_BAR else chart.ticks[-1] * 1.12]
    layout = {
        "xaxis": values if flat else names,
        "yaxis": names if flat else values,
        "barmode": "stack" if chart.kind is ChartKind.STACKED_BAR else "group",
        "showlegend": len(chart.series) > 1,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "margin": {"l": 8, "r": 8, "t": 8 if len(chart.series) == 1 else 32, "b": 8},
        "bargap": 0.35,
    }
    return {"data": [_trace(chart, series, flat) for series in chart.series], "layout": layout}


def _trace(chart: Chart, series: Series, flat: bool) -> dict[str, Any]:
    texts = [chart.text(value) if value is not None else "" for value in series.values]
    names, values = list(chart.categories), list(series.values)
    trace: dict[str, Any] = {
        "name": series.name,
        "x": values if flat else names,
        "y": names if flat else values,
        "text": texts,
        "hovertemplate": "%{text}, %{y}" if flat else "%{text}, %{x}",
    }
    if chart.kind is ChartKind.LINE:
        places = ["bottom center" if chart.dips(series, place) else "top center" for place in range(len(values))]
        return trace | {
            "type": "scatter",
            "mode": "lines+markers+text" if chart.labelled else "lines+markers",
            "line": {"color": series.color, "width": 2},
            "marker": {"size": 8},
            "textposition": places,
            "connectgaps": False,
        }
    outline = {"color": OUTLINE, "width": 1 if series.color in OUTLINED else 0}
    inside = chart.kind is ChartKind.STACKED_BAR
    return trace | {
        "type": "bar",
        "orientation": "h" if flat else "v",
        "marker": {"color": series.color, "line": outline},
        "textposition": ("inside" if inside else "outside") if chart.labelled else "none",
        "textangle": 0,
        "insidetextanchor": "middle",
        "cliponaxis": False,
    }
