"""How good a prediction was: probabilities or values in, beside what came true.

Holds the ranking (area under the curve, rate and capture at the top), the scores (Brier, log-loss, and their skill over
the base rate), the calibration (expected error, table, slope), errors by decile, drift (PSI), and whether a model beats
a baseline on the same customers.
Add here: a number of one set of predictions that more than one target needs.
Must not be here: which predictions are compared or released, how a score is calibrated (`calibration`), any I/O.

A statistic that is not defined (one class only, nothing given) is NaN, never 0.
Sources: Brier 1950; Hanley and McNeil 1982; Guo et al. 2017 for the expected calibration error; Cox 1958 for the slope;
Tukey 1958 for the jackknife.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import rankdata

from journey_pipeline.attribution.intervals import replicated_error
from journey_pipeline.conversion import Z95, Floats, ratio, wilson_interval

# A probability of exactly 0 that comes true would cost an infinite log-loss; this costs 34.5.
_LEAST = 1e-15
PSI_FLOOR = 1e-4
PSI_WARN = 0.1
PSI_FAIL = 0.25


def metrics(p: Floats, y: Floats, key: pd.Series | np.ndarray) -> dict[str, float]:
    """All numbers of one set of predictions: probabilities, outcomes 0 or 1, and a unique key that breaks ties."""
    chance, came = _pairs(p, y)
    base = came.mean() if len(came) else np.nan
    of_base = np.full(len(came), base)
    rate_ratio, capture = top_share(chance, came, key)
    slope, intercept = calibration_slope(chance, came)
    return {
        "n": float(len(came)),
        "base_rate": float(base),
        "auc": auc(chance, came),
        "brier": brier(chance, came),
        "brier_skill": _skill(brier(chance, came), brier(of_base, came)),
        "log_loss": log_loss(chance, came),
        "log_loss_skill": _skill(log_loss(chance, came), log_loss(of_base, came)),
        "ece_10": ece(chance, came),
        "lift_top10": rate_ratio,
        "capture_top10": capture,
        "calibration_slope": slope,
        "calibration_intercept": intercept,
    }


def _pairs(p: Floats, y: Floats) -> tuple[Floats, Floats]:
    chance, came = np.asarray(p, float), np.asarray(y, float)
    if chance.shape != came.shape or not ((chance >= 0) & (chance <= 1)).all() or not np.isin(came, (0, 1)).all():
        raise ValueError("predictions: expected one probability from 0 to 1 per outcome of 0 or 1, found others")
    return chance, came


def _skill(of_model: float, of_base: float) -> float:
    return float(1 - ratio(of_model, of_base))


def auc(p: Floats, y: Floats) -> float:
    """Chance that who did has the higher probability than who did not; ties count half."""
    came = np.asarray(y, float)
    events, others = came.sum(), (1 - came).sum()
    return float(ratio(rankdata(p)[came == 1].sum() - events * (events + 1) / 2, events * others))


def brier(p: Floats, y: Floats) -> float:
    """Mean squared error of the probabilities."""
    return _mean((np.asarray(p, float) - np.asarray(y, float)) ** 2)


def log_loss(p: Floats, y: Floats) -> float:
    """Mean negative logarithm of the probability of what came true."""
    return _mean(log_losses(p, y))


def log_losses(p: Floats, y: Floats) -> Floats:
    """Log-loss of each prediction."""
    came = np.asarray(y, float)
    return np.asarray(-np.log(np.clip(np.where(came == 1, p, 1 - np.asarray(p, float)), _LEAST, 1.0)))


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else np.nan


def ece(p: Floats, y: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean distance of rate and mean probability over equally wide bins, by their size."""
    table = calibration_table(p, y, bins)
    gap = (table["event_rate"] - table["mean_probability"]).abs()
    return float(ratio((gap * table["n"]).sum(), table["n"].sum()))


def calibration_table(p: Floats, y: Floats, bins: int = 10) -> pd.DataFrame:
    """One row per bin that holds predictions: [k/10, (k + 1)/10), the last one closed; Wilson interval of its rate."""
    chance, came = _pairs(p, y)
    edges = np.arange(bins + 1) / bins
    bin_number = np.clip(np.searchsorted(edges, chance, side="right") - 1, 0, bins - 1)
    n = np.bincount(bin_number, minlength=bins)
    held = np.flatnonzero(n)
    events = np.bincount(bin_number, came, bins)[held]
    low, high = wilson_interval(events, n[held])
    return pd.DataFrame(
        {
            "bin": held + 1,
            "low": edges[held],
            "high": edges[held + 1],
            "n": n[held],
            "events": events.astype("int64"),
            "mean_probability": np.bincount(bin_number, chance, bins)[held] / n[held],
            "event_rate": events / n[held],
            "ci_low": low,
            "ci_high": high,
        }
    )


def _from_the_top(score: Floats, key: pd.Series | np.ndarray) -> np.ndarray:
    """Rows from the highest score, ties by key."""
    return np.lexsort((np.asarray(key), -np.asarray(score, float)))


def top_share(p: Floats, y: Floats, key: pd.Series | np.ndarray, share: float = 0.1) -> tuple[float, float]:
    """Rate of the top over that of all (lift of a ranking, not of an action), and the share of all events in it."""
    came = np.asarray(y, float)
    # Rounded first: a tenth of 30 is three, not the ceiling of 3.0000000000000004.
    size = int(np.ceil(round(len(came) * share, 9)))
    held = came[_from_the_top(p, key)[:size]].sum()
    capture = float(ratio(held, came.sum()))
    return float(ratio(capture * len(came), size)), capture


def decile_table(p: Floats, y: Floats, key: pd.Series | np.ndarray) -> pd.DataFrame:
    """One row per tenth of the customers, the highest probabilities first: how many did, and how many were expected."""
    table = value_deciles(p, y, key)
    table["events"] = table["actual"].round().astype("int64")
    table["mean_probability"], table["event_rate"] = table["predicted"] / table["n"], table["actual"] / table["n"]
    table["error"] = table["mean_probability"] - table["event_rate"]
    table["rate_ratio"] = ratio(table["event_rate"], ratio(table["events"].sum(), table["n"].sum()))
    return table[["decile", "n", "events", "mean_probability", "event_rate", "error", "rate_ratio"]]


def value_deciles(predicted: Floats, actual: Floats, key: pd.Series | np.ndarray) -> pd.DataFrame:
    """One row per tenth of the customers, the highest predictions first: sums of predicted and actual, their error."""
    order = _from_the_top(predicted, key)
    n = len(order)
    decile = np.arange(n) * 10 // max(n, 1)
    sums = {
        name: np.bincount(decile, np.asarray(values, float)[order], 10)
        for name, values in (("predicted", predicted), ("actual", actual))
    }
    table = pd.DataFrame({"decile": np.arange(1, 11), "n": np.bincount(decile, minlength=10), **sums})
    table = table[table["n"] > 0].reset_index(drop=True)
    return table.assign(error=table["predicted"] - table["actual"])


def value_errors(predicted: Floats, actual: Floats) -> dict[str, float]:
    """Errors of predicted values: root mean square, mean absolute, predicted over actual total, rank correlation."""
    expected, came = np.asarray(predicted, float), np.asarray(actual, float)
    ranks = [rankdata(values) - (len(values) + 1) / 2 for values in (expected, came)]
    return {
        "n": float(len(came)),
        "rmse": float(np.sqrt(_mean((expected - came) ** 2))),
        "mae": _mean(np.abs(expected - came)),
        "bias_ratio": float(ratio(expected.sum(), came.sum())),
        "spearman": float(ratio((ranks[0] * ranks[1]).sum(), np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))),
    }


def calibration_slope(p: Floats, y: Floats) -> tuple[float, float]:
    """Slope and intercept of outcomes on the log-odds of the probabilities: 1 and 0 where they are right.

    Below 1 the probabilities are too far apart, above 1 too close together. NaN where no line fits best: one outcome
    only, one probability only, or a probability that parts the outcomes.
    """
    chance, came = _pairs(p, y)
    odds = log_odds(chance)
    if not 0 < came.sum() < len(came) or np.ptp(odds) == 0:
        return np.nan, np.nan
    did, not_did = odds[came == 1], odds[came == 0]
    if did.min() >= not_did.max() or did.max() <= not_did.min():
        return np.nan, np.nan
    return logistic_line(odds, came)


def log_odds(p: Floats) -> Floats:
    """Logarithm of the odds, finite for 0 and 1."""
    chance = np.clip(np.asarray(p, float), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(chance / (1 - chance)))


def logistic_line(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of y (0 to 1) on x, by Newton's method with halved steps."""
    middle, width = x.mean(), x.std()
    design = np.column_stack(((x - middle) / width, np.ones(len(x))))
    line = np.array([0.0, np.log(y.mean() / (1 - y.mean()))])

    def loss(at: Floats) -> float:
        linear = design @ at
        return float((np.logaddexp(0, linear) - y * linear).sum())

    for _ in range(100):
        fitted = expit(design @ line)
        slope = design.T @ (y - fitted)
        if np.abs(slope).max() <= 1e-10 * len(x):
            break
        bend = design.T @ (design * (fitted * (1 - fitted))[:, None])
        step, before = np.linalg.solve(bend + 1e-12 * np.eye(2), slope), loss(line)
        while loss(line + step) > before + 1e-12 * abs(before) and np.abs(step).max() > 1e-12:
            step = step / 2
        line = line + step
    return float(line[0] / width), float(line[1] - line[0] * middle / width)


def psi(reference: Floats, current: Floats, floor: float = PSI_FLOOR) -> float:
    """Population stability index of two sets of counts by bin; shares below `floor` count as it."""
    before, after = (np.asarray(counts, float) for counts in (reference, current))
    if not before.sum() or not after.sum():
        return np.nan
    was, now = np.maximum(before / before.sum(), floor), np.maximum(after / after.sum(), floor)
    return float(((now - was) * np.log(now / was)).sum())


def psi_status(value: float, warn: float = PSI_WARN, fail: float = PSI_FAIL) -> str:
    """`stable`, `warn` or `fail`; `unknown` without a value."""
    if np.isnan(value):
        return "unknown"
    return "stable" if value < warn else "warn" if value < fail else "fail"


def drift(reference: Floats, current: Floats, bins: int = 10) -> float:
    """PSI of a score or a feature; bins are the deciles of the reference, what is unknown is a bin of its own.

    So is a value that fills more than a decile: the many who did nothing are not mixed with those who did a little.
    """
    before, after = (np.asarray(values, float) for values in (reference, current))
    known = before[~np.isnan(before)]
    deciles = np.quantile(known, np.arange(1, bins) / bins, method="lower") if len(known) else np.array([])
    values_once, times = np.unique(deciles, return_counts=True)
    edges = np.sort(np.append(values_once, np.nextafter(values_once[times > 1], -np.inf)))

    def counts(values: Floats) -> Floats:
        held = np.searchsorted(edges, values[~np.isnan(values)], side="left")
        return np.append(np.bincount(held, minlength=len(edges) + 1), np.isnan(values).sum()).astype(float)

    return psi(counts(before), counts(after))


class Paired(NamedTuple):
    """How much a model is better than a baseline on the same customers, with its 95 % interval."""

    difference: float
    low: float
    high: float
    error: float


def paired_log_loss(p: Floats, baseline: Floats, y: Floats, bucket: np.ndarray | pd.Series) -> Paired:
    """Mean log-loss of the baseline less that of the model; the model is better where `low` is above 0.

    A bucket holds whole customers (several rows of one are not independent) and is left out in turn.
    """
    gain = log_losses(baseline, y) - log_losses(p, y)
    number, group = np.unique(np.asarray(bucket), return_inverse=True)
    gains, rows = np.bincount(group, gain), np.bincount(group).astype(float)
    if len(number) < 2:
        return Paired(_mean(gain), np.nan, np.nan, np.nan)
    without = (gains.sum() - gains) / (rows.sum() - rows)
    error = float(replicated_error(without, of_total=False))
    difference = float(gains.sum() / rows.sum())
    return Paired(difference, difference - Z95 * error, difference + Z95 * error, error)
