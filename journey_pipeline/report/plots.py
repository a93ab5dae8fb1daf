"""Measured tables as one picture each, for whoever looks at an asset in the Dagster UI.

Add a picture here when it says more than the row count beside it. Must not be here: queries, the page.
"""

from __future__ import annotations

import pandas as pd

from journey_pipeline.report.charts import Chart, bar_chart, calibration_chart, funnel_chart
from journey_pipeline.report.wording import name


def stage_conversion_plot(measured: pd.DataFrame) -> Chart | None:
    """Cohort conversion of every step of the journey over the weeks; None when nothing was measured."""
    shown = (measured["funnel"] == "journey") & measured["is_default_mode"].astype(bool)
    rows = measured[shown & (measured["view"] == "cohort") & (measured["breakdown"] == "all")]
    if rows.empty:
        return None
    return funnel_chart(
        pd.DataFrame(
            {
                "panel": [f"{name(a)} → {name(b)}" for a, b in zip(rows["from_stage"], rows["to_stage"], strict=True)],
                "week": rows["week"].to_numpy(),
                "value": rows["rate"].to_numpy(),
                "low": rows["ci_low"].to_numpy(),
                "high": rows["ci_high"].to_numpy(),
                "is_open": ~rows["is_mature"].to_numpy(dtype=bool),
            }
        )
    )


def attribution_plot(measured: pd.DataFrame) -> Chart | None:
    """Orders credited to each channel by each model, over all weeks; None without credited orders."""
    # Models that give every order away, and each order once: others are no neighbours of theirs.
    comparable = ~measured["model"].str.startswith("hazard") & ~measured["is_influence"].astype(bool)
    orders = measured[comparable & (measured["conversion_type"] == "order")]
    table = orders.pivot_table(index="channel", columns="model", values="credit", aggfunc="sum", fill_value=0.0)
    best = table.max(axis="columns")
    # The same channels in every panel, the largest first; what no channel earned comes last.
    order = sorted(best[best > 0].index, key=lambda channel: (channel == "unattributed", -best[channel], channel))
    credit = table.loc[order].melt(ignore_index=False, value_name="credit").reset_index()
    if credit.empty:
        return None
    return bar_chart(
        pd.DataFrame(
            {
                "panel": [name(model) for model in credit["model"]],
                "label": [name(channel) for channel in credit["channel"]],
                "value": credit["credit"].to_numpy(),
                "text": [f"{value:,.0f}" for value in credit["credit"]],
            }
        ),
        axis_title="Conversions",
    )


def calibration_plot(quality: pd.DataFrame) -> Chart | None:
    """What a target's model said of each tenth of the customers at its latest origin, and what came; the baseline is
    hollow. None when nothing was tested."""
    tenths = quality[quality["metric"].isin(["decile_predicted", "decile_observed"])]
    return None if tenths.empty else calibration_chart(calibration_points(tenths))


def calibration_points(tenths: pd.DataFrame) -> pd.DataFrame:
    """The shape of `calibration_chart`: one panel per member, the model before the baseline."""
    wide = tenths.pivot_table(
        index=["member", "model", "bin"], columns="metric", values="value", aggfunc="sum"
    ).reset_index()
    wide = wide.sort_values(["member", "model", "bin"], ascending=[True, False, True])
    return pd.DataFrame(
        {
            "panel": [name(str(member)) for member in wide["member"]],
            "model": wide["model"].to_numpy(),
            "said": wide["decile_predicted"].to_numpy(),
            "came": wide["decile_observed"].to_numpy(),
        }
    )
