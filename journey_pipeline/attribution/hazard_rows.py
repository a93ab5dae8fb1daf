"""What the hazard model publishes: credit by conversion, rows for `attribution`, and what the model is.

Holds: the uncalibrated and the calibrated credit, their total intervals, the baseline, the unattributed.
Add here: a column of what is handed over. Must not be here: the fit (`hazard_model`), the multipliers (`calibration`).

Intervals are total: they hold what sampling leaves open and what no sample shows, the spread of a role's multiplier.
`hazard` is credit by correlation, controlled as well as the data allow; only `hazard_calibrated`, which experiments
correct, may be read as incremental.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from journey_pipeline.attribution.calibration import calibrate
from journey_pipeline.attribution.hazard import BUCKETS, jackknife_variance
from journey_pipeline.attribution.hazard_design import Design
from journey_pipeline.attribution.hazard_model import HazardModel
from journey_pipeline.attribution.paths import UNATTRIBUTED
from journey_pipeline.conversion import Z95, Floats, floats, weeks

MODEL, CALIBRATED = "hazard", "hazard_calibrated"
BASELINE = "baseline"
NOT_TESTED = "used to get here once decided: not known without an experiment"

CREDIT_COLUMNS = ["conversion_id", "conversion_type", "model", "channel", "credit", "value"]
ROW_COLUMNS = [
    "week",
    "conversion_type",
    "model",
    "channel",
    "campaign",
    "credit",
    "value",
    "credit_ci_low",
    "credit_ci_high",
    "interval_kind",
    "role",
    "is_identified",
    "is_calibrated",
    "is_influence",
    "note",
]


@dataclass(frozen=True)
class Credited:
    """Credit of each conversion by channel under one of the two models, and its variance by week and channel.

    `channels` are those with a column: all that could be bought. `variance` holds sampling and bias.
    """

    model: str
    channels: tuple[str, ...]
    credit: Floats
    variance: pd.DataFrame
    is_calibrated: pd.Series


def _spread(values: Floats, week: np.ndarray) -> pd.DataFrame:
    """Sum of each column by week, weeks as index."""
    return pd.DataFrame(values).groupby(week).sum()


def credited(
    model: HazardModel, design: Design, conversions: pd.DataFrame, experiments: pd.DataFrame
) -> list[Credited]:
    """The uncalibrated credit, and the calibrated one where an experiment speaks.

    `conversions` has week, in the order of the model's rows; `experiments` one row per channel over the model's window
    (`experiments_in_window`).
    """
    bought = tuple(c for c in design.channels if model.roles[c] in ("push", "pull", "navigational"))
    raw, replicates = np.zeros((len(conversions), len(bought))), np.zeros((BUCKETS, len(conversions), len(bought)))
    for column, channel in enumerate(bought):
        if channel in model.channels:
            raw[:, column] = model.credit[:, model.channels.index(channel)]
            replicates[:, :, column] = model.replicates[:, :, model.channels.index(channel)]
    for bucket in range(BUCKETS):
        replicates[bucket, model.buckets == bucket] = 0.0
    scale = BUCKETS / (BUCKETS - 1)
    week = conversions["week"].to_numpy()
    weekly = np.stack([_spread(replicate, week).to_numpy() * scale for replicate in replicates])
    sampling = jackknife_variance(weekly)
    totals = pd.DataFrame(
        {
            "channel": bought,
            "role": [model.roles[channel] for channel in bought],
            "credit": raw.sum(axis=0),
            "credit_sd": np.sqrt(jackknife_variance(replicates.sum(axis=1) * scale)),
        }
    )
    touched = np.column_stack([design.touched[c][model.event_rows] for c in bought]) if bought else raw
    used = experiments[experiments["channel"].isin(bought)]
    cases = [(MODEL, used.iloc[:0]), *([(CALIBRATED, used)] if len(used) else [])]
    return [_case(name, totals, tests, raw, sampling, touched, week) for name, tests in cases]


def _case(
    name: str,
    totals: pd.DataFrame,
    tests: pd.DataFrame,
    raw: Floats,
    sampling: Floats,
    touched: np.ndarray,
    week: np.ndarray,
) -> Credited:
    multipliers = calibrate(totals, tests)
    k, k_sd = floats(multipliers["multiplier"]), floats(multipliers["multiplier_sd"])
    only_test = np.isnan(k)
    credit = raw * (np.where(only_test, 0.0, k) if name == CALIBRATED else 1.0)
    # A channel that earned nothing and was tested: its lift comes out of the baseline of the conversions it touched.
    left = touched * np.maximum(1.0 - credit.sum(axis=1), 0.0)[:, None]
    reached = left * np.where(only_test, 1 / np.maximum(left.sum(axis=0), 1e-9), 0.0)
    credit = credit + reached * floats(multipliers["calibrated_credit"])
    credit /= np.maximum(credit.sum(axis=1), 1.0)[:, None]
    by_week, reached_by_week = _spread(raw, week), _spread(reached, week).to_numpy()
    known = np.where(only_test, 0.0, k)
    variance = (by_week.to_numpy() * np.nan_to_num(k_sd)) ** 2 + known**2 * sampling
    variance += (reached_by_week * np.where(only_test, floats(multipliers["calibrated_sd"]), 0.0)) ** 2
    return Credited(
        name,
        tuple(totals["channel"]),
        credit,
        pd.DataFrame(variance, by_week.index, list(totals["channel"])),
        multipliers.set_index("channel")["is_calibrated"],
    )


def credit_rows(cases: list[Credited], conversions: pd.DataFrame) -> pd.DataFrame:
    """One row per conversion, model and channel that earned something, and its baseline; they sum to 1."""
    parts = []
    for case in cases:
        shares = np.column_stack([case.credit, 1.0 - case.credit.sum(axis=1)])
        row, column = np.nonzero(shares)
        names = np.array([*case.channels, BASELINE], dtype=object)
        told = conversions.iloc[row].reset_index(drop=True)
        parts.append(
            told[["conversion_id", "conversion_type"]].assign(
                model=case.model,
                channel=names[column],
                credit=shares[row, column],
                value=floats(told["value"]) * shares[row, column],
            )
        )
    return pd.concat(parts, ignore_index=True)[CREDIT_COLUMNS] if parts else pd.DataFrame(columns=CREDIT_COLUMNS)


def channel_rows(
    cases: list[Credited], model: HazardModel, conversions: pd.DataFrame, outside: pd.DataFrame, z: float = Z95
) -> pd.DataFrame:
    """Rows of the released table `attribution`, one per week, model and channel of one conversion type.

    `outside` has week, conversions and value of what no customer is known of: `unattributed`. Credit, baseline and
    unattributed sum to the conversions of each week.
    """
    parts = []
    for case in cases:
        shares = np.column_stack([case.credit, 1.0 - case.credit.sum(axis=1)])
        week = conversions["week"].to_numpy()
        credit = _spread(shares, week)
        value = _spread(shares * floats(conversions["value"])[:, None], week).to_numpy()
        for column, channel in enumerate([*case.channels, BASELINE]):
            part = pd.DataFrame({"week": credit.index, "credit": credit[column].to_numpy(), "value": value[:, column]})
            parts.append(_described(part, case, model, channel, z))
        if len(outside):
            rows = outside.rename(columns={"conversions": "credit"})[["week", "credit", "value"]]
            parts.append(_described(rows, case, model, UNATTRIBUTED, z))
    if not parts:
        return pd.DataFrame(columns=ROW_COLUMNS)
    table = pd.concat(parts, ignore_index=True)
    kind = str(conversions["conversion_type"].iloc[0])
    table = table.assign(
        week=weeks(table["week"]), conversion_type=kind, campaign=None, is_influence=False,
        credit=floats(table["credit"]), value=floats(table["value"]),
    )  # fmt: skip
    return table[ROW_COLUMNS]


def _described(part: pd.DataFrame, case: Credited, model: HazardModel, channel: str, z: float) -> pd.DataFrame:
    """Interval, role and what is known of them; a null interval where the data cannot tell."""
    calibrated = bool(case.is_calibrated.get(channel, False))
    note = _note(channel, model, calibrated)
    low = high = np.full(len(part), np.nan)
    if channel in case.channels and note is None:
        half = z * np.sqrt(case.variance[channel].to_numpy())
        low, high = np.maximum(part["credit"] - half, 0.0), part["credit"] + half
    return part.assign(
        model=case.model,
        channel=channel,
        credit_ci_low=low,
        credit_ci_high=high,
        interval_kind="total" if channel in case.channels and note is None else None,
        role=model.roles.get(channel),
        is_identified=note is None,
        is_calibrated=calibrated,
        note=note,
    )


def _note(channel: str, model: HazardModel, is_calibrated: bool) -> str | None:
    """Why a credit is not identified; an experiment on the role of a channel settles it."""
    if is_calibrated:
        return None
    if model.roles.get(channel) == "navigational":
        return NOT_TESTED
    return model.notes.get(channel)
