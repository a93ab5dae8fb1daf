"""The released table `attribution`: credit of every model beside the spend it is held against.

Holds: rule-model credit with its interval, fitted models by week, split over campaigns, where models disagree.
Add here: a column of the released table.
Must not be here: a model (its own module, one line in MODELS), the ratios over spend (`spend`), any I/O.

Every interval holds sampling error only, never causal bias. A campaign's part of a fitted channel is the channel's
credit times the campaign's share under the linear rule; its error joins both, campaigns taken as independent.
"""

import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from journey_pipeline.attribution.cells import FittedModel, allocate, null_share
from journey_pipeline.attribution.fitting import fitted_channels
from journey_pipeline.attribution.intervals import can_tell, effective_groups, interval, summed_error
from journey_pipeline.attribution.paths import UNATTRIBUTED, has_channels
from journey_pipeline.attribution.spend import KEY, SPEND_COLUMNS, with_spend
from journey_pipeline.conversion import floats, ratio, require_unique, weeks

# The rule whose credit splits a fitted channel over its campaigns, and which names the unattributed
# conversions.
SPLIT_MODEL = "linear"
# Rows that are no channel: conversions nobody touched, and what a model of hazards credits to no channel.
NO_CHANNEL = (UNATTRIBUTED, "baseline")
# Models disagree about a channel when their shares of the credit lie further apart than this.
DISAGREE_ABOVE = 0.1

ATTRIBUTION_KEY = KEY
_FIT = ["week", "conversion_type", "model"]
_ERRORS = ["credit", "value", "credit_error", "value_error", "groups"]
_INTERVALS = ["credit_ci_low", "credit_ci_high", "value_ci_low", "value_ci_high"]
_FLAGS = ["interval_kind", "role", "is_identified", "is_calibrated", "is_influence", "note"]
ATTRIBUTION_COLUMNS = [
    *ATTRIBUTION_KEY,
    "credit",
    "value",
    *SPEND_COLUMNS,
    "credit_ci_low",
    "credit_ci_high",
    *_FLAGS,
    "models_disagree",
]
CREDIT_COLUMNS = [*ATTRIBUTION_KEY, *_ERRORS, "is_influence"]


def rule_credits(credit_cells: pd.DataFrame) -> pd.DataFrame:
    """Credit of the rule models as SQL summed it, with its jackknife error (columns: CREDIT_COLUMNS)."""
    require_unique(credit_cells, ATTRIBUTION_KEY, "credit_cells")
    credit, value = floats(credit_cells["credit"]), np.nan_to_num(floats(credit_cells["value"]))
    squares = floats(credit_cells["bucket_credit_sum_squares"])
    influence = credit_cells.get("is_influence", False)
    return credit_cells.assign(
        week=weeks(credit_cells["week"]),
        credit=credit,
        value=value,
        credit_error=summed_error(credit, squares),
        value_error=summed_error(value, floats(credit_cells["bucket_value_sum_squares"])),
        groups=effective_groups(credit, squares),
        is_influence=influence,
    )[CREDIT_COLUMNS].reset_index(drop=True)


def _campaign_shares(linear: pd.DataFrame) -> pd.DataFrame:
    """Each campaign's share of its channel under the linear rule, with the relative variance of the share.

    With independent T_k of variance v_k and shares s_k = T_k / T, the relative variance of s_k is
    sum_j s_j^2 r_j + (1 - 2 s_k) r_k where r = v / T_k^2; 0 for an only campaign.
    """
    shares = linear.loc[linear["credit"] > 0, [*KEY[:2], "channel", "campaign", "credit", "credit_error", "groups"]]
    by_channel = [shares[name] for name in (*KEY[:2], "channel")]
    share = shares["credit"] / shares["credit"].groupby(by_channel).transform("sum")
    relative = (shares["credit_error"] / shares["credit"]) ** 2
    common = (share**2 * relative).groupby(by_channel).transform("sum")
    shares = shares.assign(share=share, spread=np.clip(common + (1 - 2 * share) * relative, 0, None))
    return shares.drop(columns=["credit", "credit_error"]).rename(columns={"groups": "campaign_groups"})


def split_over_campaigns(by_channel: pd.DataFrame, linear: pd.DataFrame) -> pd.DataFrame:
    """Split channel credit over campaigns as the linear rule splits that channel in that week and type.

    `by_channel` is that of `fitted_channels`, `linear` the rows of the linear rule. A channel without linear credit
    (seen only in journeys that did not convert) keeps its credit in one row with a null campaign. The sums of
    credit and value per fit stay exactly what they were.
    """
    split = by_channel.merge(_campaign_shares(linear), on=[*KEY[:2], "channel"], how="left")
    split["campaign"] = split["campaign"].astype("object")
    share, spread = split["share"].fillna(1.0).to_numpy(), split["spread"].fillna(0.0).to_numpy()
    split["groups"] = np.fmin(split["groups"], split["campaign_groups"])
    for name in ("credit", "value"):
        whole, error = split[name].to_numpy(float), split[f"{name}_error"].to_numpy(float)
        split[f"{name}_error"] = share * np.sqrt(error**2 + whole**2 * spread)
        parts = whole * share
        totals: dict[Hashable, float] = {fit: math.fsum(rows) for fit, rows in by_channel.groupby(_FIT)[name]}
        for fit, rows in split.groupby(_FIT).indices.items():
            if parts[rows].any():
                parts[rows] = allocate(totals[fit], parts[rows])
        split[name] = parts
    return split.assign(is_influence=False)[CREDIT_COLUMNS]


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
    type has no path at all: every model accounts for every conversion.
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
    parts = [outside.assign(model=name) for name in models]
    by_channel = fitted_channels(paths, models)
    if len(by_channel):
        parts.append(split_over_campaigns(by_channel, linear))
    return pd.concat([part for part in parts if len(part)] or [rules.iloc[:0]], ignore_index=True)


def _with_intervals(credited: pd.DataFrame) -> pd.DataFrame:
    """Turn errors into 95 % intervals, null where too few groups of customers stand behind a number."""
    known = can_tell(credited["groups"])
    table = credited.assign(is_identified=known, is_calibrated=False, role=None, note=None)
    for name in ("credit", "value"):
        ends = interval(table[name], np.where(known, table[f"{name}_error"], np.nan))
        table[f"{name}_ci_low"], table[f"{name}_ci_high"] = ends
    return table.assign(interval_kind=pd.Series("sampling", index=table.index).where(known, None))


def _as_credits(hazard_rows: pd.DataFrame, linear: pd.DataFrame) -> pd.DataFrame:
    """Rows of a model that brings its own interval, those without a campaign split as the linear rule splits them.

    Their intervals hold the split, and that of the value the value of a conversion, as known.
    """
    table = hazard_rows.assign(week=weeks(hazard_rows["week"]), is_influence=False)
    key = [*KEY[:2], "channel"]
    shares = _campaign_shares(linear)[[*key, "campaign", "share"]].rename(columns={"campaign": "of_channel"})
    table = table.astype({"conversion_type": "object", "channel": "object", "campaign": "object"})
    whole = table["campaign"].isna()
    split = table[whole].merge(shares.astype({"conversion_type": "object", "channel": "object"}), on=key, how="left")
    share = split["share"].fillna(1.0)
    for name in ("credit", "value", "credit_ci_low", "credit_ci_high"):
        split[name] = split[name].astype(float) * share
    table = pd.concat([table[~whole], split.assign(campaign=split["of_channel"])], ignore_index=True)
    worth = ratio(table["value"], table["credit"])
    return table.assign(value_ci_low=table["credit_ci_low"] * worth, value_ci_high=table["credit_ci_high"] * worth)


def _disagreement(credited: pd.DataFrame, min_n: int) -> pd.DataFrame:
    """Channels of a week and type with the flag `models_disagree`.

    True where the largest and the smallest share that a model gives the channel, of all credit it gives to
    channels, lie more than DISAGREE_ABOVE apart. Models of influence do not count. Null where no model credits at
    least `min_n` conversions to channels.
    """
    key = [*KEY[:2], "channel"]
    counted = credited[~credited["channel"].isin(NO_CHANNEL) & ~credited["is_influence"].astype(bool)]
    credit = counted.groupby([*key, "model"])["credit"].sum().unstack("model")
    total = credit.groupby(KEY[:2]).transform("sum")
    # A model with credit in that week and type gives 0 to a channel it does not name; one without says nothing.
    share = credit.fillna(0.0).div(total.where(total > 0))
    apart = share.max(axis=1) - share.min(axis=1)
    flag = (apart > DISAGREE_ABOVE).astype("boolean").mask(total.max(axis=1) < min_n)
    return flag.rename("models_disagree").reset_index()


def attribution_table(
    credit_cells: pd.DataFrame,
    path_cells: pd.DataFrame,
    spend_cells: pd.DataFrame,
    hazard_rows: pd.DataFrame | None,
    rule_models: Sequence[str],
    models: Mapping[str, FittedModel],
    min_n: int,
) -> pd.DataFrame:
    """Build the released table; see `journey_pipeline.attribution.attribution` for its meaning."""
    rules = rule_credits(credit_cells)
    fitted = fitted_credits(rules, path_cells, models)
    ours = pd.concat([part for part in (rules, fitted) if len(part)] or [rules], ignore_index=True)
    parts = [_with_intervals(ours)]
    if hazard_rows is not None and len(hazard_rows):
        parts.append(_as_credits(hazard_rows, rules[rules["model"] == SPLIT_MODEL]))
    columns = [*ATTRIBUTION_KEY, "credit", "value", *_INTERVALS, *_FLAGS]
    earned = pd.concat(
        [part[columns].astype({"role": "object", "note": "object"}) for part in parts], ignore_index=True
    )
    influence = set(earned.loc[earned["is_influence"].astype(bool), "model"])
    windowed = [] if hazard_rows is None else hazard_rows["model"].unique().tolist()
    table = with_spend(earned, spend_cells, rule_models or list(models), windowed)
    for flag in ("is_identified", "is_calibrated"):
        table[flag] = table[flag].fillna(False).astype(bool)
    table["is_influence"] = table["model"].isin(influence)
    flags = _disagreement(earned, min_n).astype({"conversion_type": "object", "channel": "object"})
    table = table.merge(flags, on=[*KEY[:2], "channel"], how="left")
    return table.sort_values(ATTRIBUTION_KEY, ignore_index=True)[ATTRIBUTION_COLUMNS]


def null_shares(path_cells: pd.DataFrame) -> pd.DataFrame:
    """Share of journeys that did not convert per week and conversion type; below 0.5 the caller should warn.

    Columns: week, conversion_type, null_share (NaN when no journey names a channel), sorted.
    """
    key = ["week", "conversion_type"]
    groups = path_cells.assign(week=weeks(path_cells["week"])).groupby(key)
    rows = [(week, kind, null_share(cells)) for (week, kind), cells in groups]
    return pd.DataFrame(rows, columns=[*key, "null_share"])
