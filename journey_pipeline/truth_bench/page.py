"""What the truth bench found, for people: a table, a picture, and their place in a page.

Add a column here when a score needs one. Must not be here: a score, the words around the table.
"""

from __future__ import annotations

import base64
from pathlib import Path

import altair as alt
import pandas as pd

from journey_pipeline.report.charts import PALETTE, Chart, bar_chart, to_png_base64
from journey_pipeline.truth_bench import Result
from journey_pipeline.truth_bench.scores import KEY

BEGIN, END = "<!-- written by make truth: begin -->", "<!-- written by make truth: end -->"
PICTURE = "attribution-truth.png"


def text(result: Result) -> str:
    """The markets and the models as two tables in Markdown."""
    first, seeds = result.markets.iloc[0], sorted(set(result.markets["seed"]))
    drawn = f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
    said = f"{first['customers']:,} people in each market, {first['days']} days, {drawn}."
    return "\n".join([said, "", *_markets(result), "", *_models(result)])


def _markets(result: Result) -> list[str]:
    means = result.markets.groupby("scenario", sort=False)[["conversions", "truth", "joint"]].mean()
    rows = [(name, *(f"{value:,.0f}" for value in row)) for name, *row in means.itertuples()]
    return _table(["scenario", "conversions", "truth, channel by channel", "truth, all at once"], rows)


def _models(result: Result) -> list[str]:
    scenarios = list(dict.fromkeys(result.markets["scenario"]))
    table = result.summary.merge(result.own, on=KEY, how="left")
    heads = ["model", "experiments", *scenarios, "**mean distance**", "error", "to harvesters", "rank", "between seeds",
             "own number in its 90 %", "truth in its 90 %", "cpu s"]  # fmt: skip
    rows = []
    for row in table.to_dict("records"):
        numbers = [row[name] for name in scenarios]
        rows.append(
            (
                f"`{row['model']}`",
                str(row["experiments"]),
                *(_decimal(value, 3) for value in numbers),
                f"**{_decimal(row['distance'], 3)}**",
                *(_decimal(row["error"], 2), _decimal(row["harvested"], 2), _decimal(row["rank"], 2)),
                _decimal(row["unstable"], 3),
                _share(row["inside"], row["asked"]),
                _share(row["covered"], row["intervals"]),
                _decimal(row["seconds"], 1),
            )
        )
    return _table(heads, rows)


def _table(heads: list[str], rows: list[tuple[str, ...]]) -> list[str]:
    rule = "|" + "|".join(["---", *["--:"] * (len(heads) - 1)]) + "|"
    return ["| " + " | ".join(heads) + " |", rule, *("| " + " | ".join(row) + " |" for row in rows)]


def _decimal(value: float, digits: int) -> str:
    return "-" if pd.isna(value) else f"{value:.{digits}f}"


def _share(part: float, whole: float) -> str:
    return "-" if pd.isna(whole) or whole == 0 else f"{part / whole:.0%} of {int(whole)}"


def plot(result: Result) -> Chart:
    """Distance of the shares from the truth, a panel per scenario and one for their mean, best model first."""
    scenarios = list(dict.fromkeys(result.markets["scenario"]))
    table = result.summary.rename(columns={"distance": "mean of all"})
    shown = table["experiments"].map(lambda count: f" ({count} experiments)" if count else "")
    table = table.assign(label=table["model"] + shown)
    bars = table.melt("label", ["mean of all", *scenarios], "panel", "value").dropna(subset="value")
    bars = bars.assign(text=bars["value"].map("{:.2f}".format))
    return bar_chart(bars, axis_title="Distance of the shares from the truth (0 is right, 1 is all wrong)", width=1200)


def write(result: Result, page: Path) -> None:
    """Put the tables between the two marks of a page, and the picture beside it.

    Raises ValueError when the page does not hold the marks, in this order.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page.name} does not hold the lines {BEGIN!r} and {END!r}; put them where the table belongs")
    picture = f"![Distance of every model from the truth]({PICTURE})"
    page.write_text(f"{before}{BEGIN}\n{text(result)}\n\n{picture}\n{END}{after}", encoding="utf-8")
    chart = plot(result)
    if isinstance(chart, (alt.Chart, alt.LayerChart, alt.FacetChart)):
        chart = chart.properties(background=PALETTE["paper"])  # a page may be dark
    page.with_name(PICTURE).write_bytes(base64.b64decode(to_png_base64(chart, scale=1.0)))
