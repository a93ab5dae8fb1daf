"""The pictures: escaped text, unique ids, the declared palette, a usable PNG."""

from __future__ import annotations

import base64
import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pandas as pd

from journey_pipeline.report import (
    bar_chart,
    funnel_chart,
    model_chart,
    progress_chart,
    share_chart,
    to_png_base64,
    to_svg,
)
from journey_pipeline.report.charts import NARROW, PALETTE, WIDE
from tests.release.small_warehouse import HOSTILE


def _funnel() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "panel": panel,
            "week": date(2026, 8, 3) + timedelta(weeks=week),
            "value": 0.2 + week / 100,
            "low": 0.18 + week / 100,
            "high": 0.22 + week / 100,
            "is_open": week > 7,
        }
        for panel in ("Awareness → Consideration", HOSTILE)
        for week in range(10)
    )


def test_text_from_data_is_escaped_and_the_drawing_is_well_formed() -> None:
    svg = to_svg(funnel_chart(_funnel()))
    assert HOSTILE not in svg
    assert "&lt;script&gt;" in svg
    root = ElementTree.fromstring(svg)  # raises on broken XML
    assert {element.tag.rsplit("}")[-1] for element in root.iter()} <= {"svg", "g", "path", "text", "line", "rect",
                                                                       "defs", "clipPath", "title"}  # fmt: skip
    assert "width" not in root.attrib and "viewBox" in root.attrib


def test_every_colour_is_in_the_palette() -> None:
    bars = pd.DataFrame({"panel": ["a", "b"], "label": ["x", "x"], "value": [1.0, 2.0], "text": ["1", "2"]})
    goals = pd.DataFrame({"label": ["x"], "value": [0.5], "low": [0.2], "high": [1.4]})
    shares = pd.DataFrame(
        {
            "label": ["x", "y"],
            "value": [0.5, 0.6],
            "low": [0.2, 0.1],
            "high": [0.8, 0.9],
            "is_small": [False, True],
        }
    )
    for svg in (
        to_svg(funnel_chart(_funnel())),
        to_svg(bar_chart(bars, axis_title="n")),
        to_svg(progress_chart(goals)),
        to_svg(share_chart(shares, axis_title="share")),
        to_svg(model_chart(shares.assign(model=["a", "b"], is_known=[True, False]), axis_title="share")),
    ):
        colours = set(re.findall(r'(?:fill|stroke)="(#[0-9a-fA-F]+|[a-z]+)"', svg)) - {"none", "transparent"}
        assert colours <= set(PALETTE.values()), colours


def test_weeks_still_open_are_hollow_and_named() -> None:
    frame = _funnel()
    svg = to_svg(funnel_chart(frame))
    hollow = re.findall(rf'<path[^>]*fill="{PALETTE["paper"]}"[^>]*stroke="{PALETTE["strong"]}"', svg)
    assert len(hollow) == 4
    assert svg.count("still open") == 2
    assert "still open" not in to_svg(funnel_chart(frame.assign(is_open=False)))


def test_the_narrow_drawing_is_narrow() -> None:
    def drawn(svg: str) -> float:
        match = re.search(r'viewBox="0 0 ([\d.]+)', svg)
        assert match is not None
        return float(match.group(1))

    assert drawn(to_svg(funnel_chart(_funnel(), width=NARROW))) < NARROW * 1.15
    assert WIDE * 0.8 < drawn(to_svg(funnel_chart(_funnel().assign(panel="one"), width=WIDE))) < WIDE * 1.15


def test_ids_do_not_meet_on_one_page() -> None:
    one, two = (set(re.findall(r'\sid="([^"]+)"', to_svg(funnel_chart(_funnel()), key=key))) for key in ("a", "b"))
    assert not one & two


def test_png() -> None:
    assert base64.b64decode(to_png_base64(funnel_chart(_funnel()), scale=1.0)).startswith(b"\x89PNG")
