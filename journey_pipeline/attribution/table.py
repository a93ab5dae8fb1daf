"""The released table `attribution`: credit of every model beside the spend it is held against.

Holds: rule-model credit with its interval, fitted models by week, split over campaigns, the spend join.
Add here: a column of the released table. Never here: a model (its own module, one line in MODELS), any I/O.

A removal effect has no interval here: it is not additive over customers, so it needs the chain refitted
without each group of customers, and the path cells are not split by group. A null says that; an interval of
the rule kind would be wrong. Spend is repeated for every conversion type and model, by nature of a long
table: sum it within one of each.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from journey_pipeline.attribution.cells import (
    UNATTRIBUTED,
    FittedModel,
    allocate,
    has_channels,
    jackknife_interval,
    null_share,
)
from journey_pipeline.conversion import floats, ratio, require_unique, weeks

# The rule whose credit splits a fitted channel over its campaigns, and which names the unattributed
# conversions.
SPLIT_MODEL = "linear"
DEFAULT_CONVERSION_TYPE = "order"

ATTRIBUTION_KEY = ["week", "conversion_type", "model", "channel", "campaign"]
ATTRIBUTION_COLUMNS = [
    *ATTRIBUTION_KEY,
    "credit",
    "value",
    "spend",
    "cost_per_conversion",
    "return_on_ad_spend",
    "credit_ci_low",
    "credit_ci_high",
]
CREDIT_COLUMNS = [*ATTRIBUTION_KEY, "credit", "value", "credit_ci_low", "credit_ci_high"]


def rule_credits(credit_cells: pd.DataFrame) -> pd.DataFrame:
    """Credit of the rule models as SQL summed it, with its jackknife interval (see `jackknife_interval`)."""
    require_unique(credit_cells, ATTRIBUTION_KEY, "credit_cells")
    table = credit_cells.assign(
        week=weeks(credit_cells["week"]),
        credit=floats(credit_cells["credit"]),
        value=np.nan_to_num(floats(credit_cells["value"])),
    )
    squares = floats(credit_cells["bucket_credit_sum_squares"])
    table["credit_ci_low"], table["credit_ci_high"] = jackknife_interval(table["credit"], squares)
    return table[CREDIT_COLUMNS].reset_index(drop=True)


def split_over_campaigns(by_channel: pd.DataFrame, linear: pd.DataFrame) -> pd.DataFrame:
    """Split channel credit of one week and conversion type over campaigns as the linear rule splits that
    channel.

    `by_channel` has channel, credit, value; `linear` has channel, campaign, credit. A channel without linear
    credit (seen only in journeys that did not convert) keeps its credit in one row with a null campaign. The
    sums of credit and value stay exactly what they were.
    """
    shares = linear.loc[linear["credit"] > 0, ["channel", "campaign", "credit"]]
    shares = shares.assign(share=shares["credit"] / shares.groupby("channel")["credit"].transform("sum"))
    split = by_channel.merge(shares[["channel", "campaign", "share"]], on="channel", how="left")
    share = split["share"].fillna(1.0).to_numpy()
    for name in ("credit", "value"):
        weights = split[name].to_numpy() * share
        if weights.sum() != 0:
            split[name] = allocate(math.fsum(by_channel[name]), weights)
    return split[["channel", "campaign", "credit", "value"]]


def _check_totals(attributed: pd.DataFrame, paths: pd.DataFrame) -> None:
    """Raise ValueError when the paths of a week and type hold other conversions or value than the rules
    credited."""
    key = ["week", "conversion_type"]
    credited = attributed.groupby(key)[["credit", "value"]].sum()
    walked = paths.groupby(key)[["conversions", "value"]].sum().set_axis(["credit", "value"], axis=1)
    credited, walked = credited.align(walked, join="outer", fill_value=0.0)
    scale = np.maximum(1.0, np.maximum(credited.abs(), walked.abs()).max(axis=1))
    # DECIMAL credit is rounded at 12 and value at 6 places per cell, far inside this.
    apart = (credited - walked).abs().max(axis=1) > 1e-5 * scale
    if apart.any():
        week, kind = apart[apart].index[0]
        raise ValueError(
            f"path_cells and credit_cells ({SPLIT_MODEL}) disagree in {int(apart.sum())} weeks x conversion "
            f"types, first {week:%Y-%m-%d} {kind}: (conversions, value) of the paths "
            f"{tuple(walked.loc[(week, kind)].tolist())}, of the credit "
            f"{tuple(credited.loc[(week, kind)].tolist())}; both must hold the same attributed conversions"
        )


def fitted_credits(rules: pd.DataFrame, path_cells: pd.DataFrame, models: Mapping[str, FittedModel]) -> pd.DataFrame:
    """Credit of the fitted models: one fit per week and conversion type, over the paths that ended then.

    Conversions without an eligible touch stay `unattributed` as the rules have them, also where a conversion
    type has no path at all: every model accounts for every conversion. Intervals are null (module docstring).
    """
    if not models:
        return rules.iloc[:0]
    paths = path_cells[has_channels(path_cells)]
    paths = paths.assign(
        week=weeks(paths["week"]),
        conversions=floats(paths["conversions"]),
        nulls=floats(paths["nulls"]),
        value=np.nan_to_num(floats(paths["value"])),
    )
    linear = rules[rules["model"] == SPLIT_MODEL]
    outside = linear[linear["channel"] == UNATTRIBUTED]
    linear = linear[linear["channel"] != UNATTRIBUTED]
    _check_totals(linear, paths)
    splits = dict(list(linear.groupby(["week", "conversion_type"])))
    parts = []
    for name, fit in models.items():
        parts.append(outside.assign(model=name))
        for period, cells in paths.groupby(["week", "conversion_type"]):
            if period in splits:
                rows = split_over_campaigns(fit(cells).by_channel, splits[period])
                parts.append(rows.merge(cells[["week", "conversion_type"]].head(1), how="cross").assign(model=name))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(credit_ci_low=np.nan, credit_ci_high=np.nan)[CREDIT_COLUMNS]


def _spend_rows(spend_cells: pd.DataFrame, earned: pd.DataFrame, fallback: Sequence[str]) -> pd.DataFrame:
    """Repeat spend for every (conversion_type, model) with credit, or `order` x `fallback` without any."""
    spend = spend_cells.assign(week=weeks(spend_cells["week"]), spend=floats(spend_cells["spend"]))
    spend = spend.groupby(["week", "channel", "campaign"], dropna=False)[["spend"]].sum().reset_index()
    pairs = earned[["conversion_type", "model"]].drop_duplicates()
    if pairs.empty:
        pairs = pd.DataFrame({"conversion_type": DEFAULT_CONVERSION_TYPE, "model": list(fallback)})
    return spend.merge(pairs, how="cross")


def attribution_table(
    credit_cells: pd.DataFrame,
    path_cells: pd.DataFrame,
    spend_cells: pd.DataFrame,
    rule_models: Sequence[str],
    models: Mapping[str, FittedModel],
) -> pd.DataFrame:
    """Build the released table; see `journey_pipeline.attribution.attribution` for its meaning."""
    rules = rule_credits(credit_cells)
    fitted = fitted_credits(rules, path_cells, models)
    earned = pd.concat([part for part in (rules, fitted) if len(part)] or [rules], ignore_index=True)
    spend = _spend_rows(spend_cells, earned, rule_models or list(models))
    text = dict.fromkeys(ATTRIBUTION_KEY[1:], "object")  # an empty side must not change the key's type
    table = earned.astype(text).merge(spend.astype(text), on=ATTRIBUTION_KEY, how="outer")
    table[["credit", "value"]] = table[["credit", "value"]].fillna(0.0)
    table["cost_per_conversion"] = ratio(table["spend"], table["credit"])
    table["return_on_ad_spend"] = ratio(table["value"], table["spend"])
    return table.sort_values(ATTRIBUTION_KEY, ignore_index=True)[ATTRIBUTION_COLUMNS]


def null_shares(path_cells: pd.DataFrame) -> pd.DataFrame:
    """Share of journeys that did not convert per week and conversion type; below 0.5 the caller should warn.

    Columns: week, conversion_type, null_share (NaN when no journey names a channel), sorted.
    """
    key = ["week", "conversion_type"]
    groups = path_cells.assign(week=weeks(path_cells["week"])).groupby(key)
    rows = [(week, kind, null_share(cells)) for (week, kind), cells in groups]
    return pd.DataFrame(rows, columns=[*key, "null_share"])
