"""The pictures: small Altair charts in one hue family, and how they become SVG or PNG.

Every colour comes from `PALETTE`, because the page recolours these exact values for dark mode and print. Add a
chart here when a section needs one; give it data of a declared shape and nothing else. Must not be here: queries.
"""

from __future__ import annotations

import base64
import re
from typing import Any, TypeAlias

import altair as alt
import pandas as pd
import vl_convert

WIDE, NARROW = 860, 340

PALETTE = {
    "ink": "#17212b",
    "muted": "#566472",
    "rule": "#d5dce3",
    "strong": "#17568f",
    "medium": "#3f82bf",
    "soft": "#9cc3e6",
    "band": "#cfe2f3",
    "paper": "#fdfefe",
}
# One of the few families whose widths are the same on every system, so that measured labels fit where they land.
_FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
_PIXELS_PER_LETTER = 7.0

Chart: TypeAlias = "alt.TopLevelMixin"


def funnel_chart(df: pd.DataFrame, *, width: int = WIDE) -> Chart:
    """Weekly cohort conversion, one panel per step, with its interval; weeks still open are hollow.

    Args:
        df: one row per step and week: `panel` (text, in order of first appearance), `week` (date), `value`, `low`,
            `high` (shares 0-1), `is_open` (bool: the cohort may still convert).
        width: of the whole picture in pixels.
    """
    return trend_chart(df, axis_format="%", axis_title="Share moving on", open_text="still open", width=width)


def trend_chart(
    df: pd.DataFrame, *, axis_format: str, axis_title: str, open_text: str = "", width: int = WIDE
) -> Chart:
    """A line with its interval over weeks, one panel per `panel`; shape as `funnel_chart`.

    `open_text` is written into the panels that have hollow points.
    """
    frame = df.assign(week=pd.to_datetime(df["week"]), open_text=open_text)
    columns = 1 if width <= NARROW else min(3, frame["panel"].nunique())
    x = alt.X("week:T", title=None, axis=alt.Axis(format="%d %b", tickCount=3, labelFlush=True, grid=False))
    # A score of nothing has no sign.
    zero = (
        {"labelExpr": f"datum.value === 0 ? '0' : format(datum.value, '{axis_format}')"} if "+" in axis_format else {}
    )
    y_axis = alt.Axis(format=axis_format, tickCount=4, **zero)
    scale = alt.Scale(zero=False, nice=True)
    base = alt.Chart(frame)
    band = base.mark_area(color=PALETTE["band"], opacity=1).encode(
        x=x, y=alt.Y("low:Q", title=axis_title, axis=y_axis, scale=scale), y2="high:Q"
    )
    settled = base.transform_filter("!datum.is_open").mark_line(color=PALETTE["strong"], strokeWidth=2)
    ongoing = base.transform_filter("datum.is_open").mark_point(
        color=PALETTE["strong"], fill=PALETTE["paper"], filled=False, size=34, strokeWidth=1.5, opacity=1
    )
    words = (
        base.transform_filter("datum.is_open")
        .transform_aggregate(week="max(week)", groupby=["panel", "open_text"])
        .mark_text(align="right", baseline="top", color=PALETTE["muted"], fontSize=11, fontStyle="italic", dx=4)
        .encode(x=x, y=alt.value(3), text="open_text:N")
    )
    layers = alt.layer(band, settled.encode(x=x, y="value:Q"), ongoing.encode(x=x, y="value:Q"), words)
    return _finished(
        layers.properties(width=width // columns - 66, height=130)
        .facet(
            facet=alt.Facet("panel:N", title=None, sort=list(dict.fromkeys(frame["panel"]))),
            columns=columns,
            spacing={"row": 78, "column": 66},
            bounds="flush",
        )
        .resolve_scale(y="independent")
        .resolve_axis(x="independent")
    )


def progress_chart(df: pd.DataFrame, *, width: int = WIDE) -> Chart:
    """How far each KPI is on the way to its target, with the interval; the line at 100% is the target.

    Args:
        df: one row per KPI: `label`, `value`, `low`, `high` as shares of the target (1 = reached).
        width: of the whole picture in pixels.
    """
    room = _label_room(df, width)
    top = max(1.25, min(3.0, float(df[["value", "high"]].max().max())))
    bottom = min(0.0, max(-2.0, float(df[["value", "low"]].min().min())))
    y = alt.Y("label:N", title=None, sort=list(df["label"]), axis=_label_axis(room))
    scale = alt.Scale(domain=[bottom, top], clamp=True)
    x = alt.X("value:Q", title="Share of the way to the target", axis=alt.Axis(format="%", tickCount=5), scale=scale)
    base = alt.Chart(df).encode(y=y)
    interval = base.mark_rule(color=PALETTE["soft"], strokeWidth=7).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    point = base.mark_point(color=PALETTE["strong"], fill=PALETTE["strong"], filled=True, size=90, opacity=1).encode(
        x=x
    )
    goal = (
        alt.Chart(pd.DataFrame({"goal": [1.0]}))
        .mark_rule(color=PALETTE["ink"], strokeWidth=1.5, strokeDash=[5, 3])
        .encode(x=alt.X("goal:Q", scale=scale))
    )
    mark = (
        alt.Chart(pd.DataFrame({"goal": [1.0], "text": ["target"]}))
        .mark_text(align="center", baseline="bottom", color=PALETTE["ink"], fontSize=12)
        .encode(x=alt.X("goal:Q", scale=scale), y=alt.value(-4), text="text:N")
    )
    return _finished(alt.layer(interval, goal, point, mark).properties(width=width - room - 24, height=alt.Step(30)))


def bar_chart(df: pd.DataFrame, *, axis_title: str, width: int = WIDE) -> Chart:
    """Horizontal bars with their numbers written on them, one panel per `panel`.

    Args:
        df: one row per bar: `panel`, `label`, `value`, `text` (the number as written), in drawing order; an empty
            `panel` draws no panel title.
        axis_title: unit of the bars.
        width: of the whole picture in pixels.
    """
    panels = list(dict.fromkeys(df["panel"]))
    columns = 1 if width <= NARROW else min(3, len(panels))
    room = _label_room(df, width // columns + 60)
    top = float(df["value"].max()) or 1.0
    y = alt.Y("label:N", title=None, sort=list(dict.fromkeys(df["label"])), axis=_label_axis(room))
    scale = alt.Scale(domain=[0, top * 1.3])  # room for the number behind the longest bar
    axis = alt.Axis(labels=False, ticks=False, grid=False, domain=False, titleAnchor="start")
    base = alt.Chart(df).encode(y=y, x=alt.X("value:Q", title=axis_title, axis=axis, scale=scale))
    layers = alt.layer(
        base.mark_bar(color=PALETTE["medium"], height=alt.RelativeBandSize(0.72)),
        base.mark_text(align="left", dx=5, color=PALETTE["ink"], fontSize=12).encode(text="text:N"),
    ).properties(width=width // columns - room - 20, height=alt.Step(21))
    if len(panels) == 1:
        return _finished(layers)
    facet = alt.Facet("panel:N", title=None, sort=panels)
    spacing = {"row": 78, "column": room + 20}
    return _finished(
        layers.facet(facet=facet, columns=columns, spacing=spacing, bounds="flush").resolve_axis(
            x="independent", y="independent"
        )
    )


def share_chart(df: pd.DataFrame, *, axis_title: str, width: int = WIDE) -> Chart:
    """Points with intervals on one shared 0-100% axis; hollow points rest on few answers.

    Args:
        df: one row per point: `label`, `value`, `low`, `high` (0-1), `is_small` (bool), in drawing order.
        axis_title: what is shared.
        width: of the whole picture in pixels.
    """
    room = _label_room(df, width)
    y = alt.Y("label:N", title=None, sort=list(df["label"]), axis=_label_axis(room))
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("value:Q", title=axis_title, axis=alt.Axis(format="%", tickCount=5), scale=scale)
    base = alt.Chart(df).encode(y=y)
    interval = base.mark_rule(color=PALETTE["soft"], strokeWidth=7).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    layers = [interval]
    for rule, fill in (("!datum.is_small", PALETTE["strong"]), ("datum.is_small", PALETTE["paper"])):
        layers.append(
            base.transform_filter(rule)
            .mark_point(stroke=PALETTE["strong"], fill=fill, size=90, opacity=1, strokeWidth=1.5)
            .encode(x=x)
        )
    return _finished(alt.layer(*layers).properties(width=width - room - 24, height=alt.Step(30)))


# Models in the order they are drawn: a shape and a colour each, so that neither alone has to tell them apart.
_MARKS = (
    ("triangle-left", "muted"),
    ("triangle-right", "muted"),
    ("square", "medium"),
    ("diamond", "strong"),
    ("circle", "ink"),
    ("cross", "ink"),
)


def model_chart(df: pd.DataFrame, *, axis_title: str, width: int = WIDE) -> Chart:
    """One line a label with a mark per model, the span of all models behind them, and an interval where there is one.

    Args:
        df: one row per label and model in drawing order: `label`, `model` (at most six), `value`, `low`, `high`
            (shares; empty without an interval), `is_known` (bool: hollow where not).
        axis_title: what is shared.
        width: of the whole picture in pixels.
    """
    room = _label_room(df, width - 20) + 8
    models = list(dict.fromkeys(df["model"]))
    marks = _MARKS[: len(models)]
    colours = alt.Scale(domain=models, range=[PALETTE[colour] for _, colour in marks])
    shapes = alt.Scale(domain=models, range=[shape for shape, _ in marks])
    legend = alt.Legend(
        title=None, orient="top", columns=1 if width <= NARROW else len(models), symbolSize=90, labelFontSize=12,
        labelColor=PALETTE["ink"], labelLimit=width // 2,
    )  # fmt: skip
    scale = alt.Scale(domain=[0, max(0.01, float(df[["value", "high"]].max().max()))], nice=True)
    y = alt.Y("label:N", title=None, sort=list(dict.fromkeys(df["label"])), axis=_label_axis(room, padding=14))
    x = alt.X("value:Q", title=axis_title, axis=alt.Axis(format="%", tickCount=5), scale=scale)
    ends = df.groupby("label", sort=False)["value"].agg(["min", "max"]).reset_index()
    spans = alt.Chart(ends).mark_rule(color=PALETTE["band"], strokeWidth=12).encode(y=y, x=alt.X("min:Q"), x2="max:Q")
    base = alt.Chart(df).encode(y=y)
    interval = (
        base.transform_filter("isValid(datum.high)")
        .mark_rule(color=PALETTE["strong"], strokeWidth=2)
        .encode(x=alt.X("low:Q"), x2="high:Q")
    )
    points = base.mark_point(size=80, opacity=1, strokeWidth=1.5).encode(
        x=x,
        shape=alt.Shape("model:N", scale=shapes, legend=legend),
        stroke=alt.Stroke("model:N", scale=colours, legend=legend),
        fill=alt.condition(
            "datum.is_known", alt.Fill("model:N", scale=colours, legend=legend), alt.value(PALETTE["paper"])
        ),
    )
    layers = alt.layer(spans, interval, points)
    return _finished(layers.properties(width=width - room - 24, height=alt.Step(28)))


def calibration_chart(df: pd.DataFrame, *, width: int = WIDE) -> Chart:
    """What was said against what came, one panel per `panel`; on the line both are the same.

    Args:
        df: one row per tenth of the customers: `panel`, `said`, `came` (shares 0-1), `model` (two at most: the first is
            drawn full, the second hollow).
        width: of the whole picture in pixels.
    """
    panels, models = list(dict.fromkeys(df["panel"])), list(dict.fromkeys(df["model"]))
    columns = 1 if width <= NARROW else min(3, len(panels))
    scale = alt.Scale(domain=[0, float(df[["said", "came"]].to_numpy().max()) * 1.05 or 1.0])
    x = alt.X("said:Q", title="Predicted", axis=alt.Axis(format=".0%", tickCount=4), scale=scale)
    y = alt.Y("came:Q", title="Came true", axis=alt.Axis(format=".0%", tickCount=4), scale=scale)
    line = alt.Chart(df).mark_line(color=PALETTE["rule"], strokeWidth=1.5).encode(
        x=alt.X("said:Q", scale=scale), y=alt.Y("said:Q", scale=scale)
    )  # fmt: skip
    layers = [line]
    for model, fill in zip(models, (PALETTE["strong"], PALETTE["paper"]), strict=False):
        layers.append(
            alt.Chart(df)
            .transform_filter(alt.datum.model == model)
            .mark_point(stroke=PALETTE["strong"], fill=fill, size=60, opacity=1, strokeWidth=1.5)
            .encode(x=x, y=y)
        )
    room = width // columns - 70
    drawn = alt.layer(*layers, data=df).properties(width=room, height=min(room, 240))
    if len(panels) == 1:
        return _finished(drawn)
    return _finished(drawn.facet(facet=alt.Facet("panel:N", title=None, sort=panels), columns=columns))


def to_svg(chart: Chart, *, key: str = "chart") -> str:
    """The chart as inline SVG that scales with its box.

    Text from data arrives escaped (vl-convert serialises a DOM). Ids get `key` as a prefix, because several
    pictures on one page would otherwise share clip paths.
    """
    svg: str = vl_convert.vegalite_to_svg(_spec(chart))
    svg = re.sub(r'(\sid="|url\(#)', rf"\g<1>{key}-", svg)
    head, rest = svg.split(">", 1)
    head = re.sub(r'\s(width|height|xmlns:xlink|version)="[^"]*"', "", head)
    return f'{head} focusable="false" aria-hidden="true">{rest}'


def to_png_base64(chart: Chart, *, scale: float = 2.0) -> str:
    """The chart as PNG in base64, for places that cannot show SVG."""
    png: bytes = vl_convert.vegalite_to_png(_spec(chart), scale=scale)
    return base64.b64encode(png).decode("ascii")


def _spec(chart: Chart) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict()
    return spec


def _label_room(df: pd.DataFrame, width: int) -> int:
    """Pixels for the longest label, at most two fifths of the picture."""
    return int(min(0.4 * width, 14 + _PIXELS_PER_LETTER * df["label"].str.len().max()))


def _label_axis(room: int, padding: int = 6) -> alt.Axis:
    limit = room - 2 - padding
    return alt.Axis(labelLimit=limit, minExtent=room, maxExtent=room, labelPadding=padding, grid=False, ticks=False)


def _finished(chart: Any) -> Chart:
    """One look for all: transparent ground, quiet axes, panel titles above at the left."""
    text = {
        "labelColor": PALETTE["muted"],
        "labelFontSize": 12,
        "titleColor": PALETTE["muted"],
        "titleFontSize": 12,
    }
    finished: Chart = (
        chart.configure(background="transparent", font=_FONT, aria=False, padding=4)
        .configure_view(stroke=None)
        .configure_axis(
            **text,
            titleFontWeight="normal",
            domainColor=PALETTE["rule"],
            gridColor=PALETTE["rule"],
            tickColor=PALETTE["rule"],
        )
        .configure_axisX(titlePadding=8)
        .configure_header(labelColor=PALETTE["ink"], labelFontSize=13, labelFontWeight="bold", labelAnchor="start")
    )
    return finished
