"""What a target's model and its baseline would have said at earlier anchors, and whether the model may be released.

Holds rolling origins and the gate. Each origin is tested on labels that begin where those of its training end; nothing
is ever split at random. Must not be here: learners, tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journey_pipeline.predictions.baselines import CellRates, cell_rates
from journey_pipeline.predictions.learners import Trees, fit_trees
from journey_pipeline.predictions.likelihood import NotFitted
from journey_pipeline.predictions.season import YEAR_DAYS, Shift
from journey_pipeline.predictions.targets import Target, labels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MODEL, BASELINE = "lightgbm", "baseline"
ORIGINS = 3
_Z = 1.959963984540054


@dataclass(frozen=True)
class Paired:
    """Loss of the baseline less loss of the model, per row, with its 95 % interval."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Origin:
    """One test: `shares` of outcomes by model, shape (rows, outcomes), of rows whose outcome is known."""

    days_back: int
    rows: pd.DataFrame
    labels: Ints
    shares: Mapping[str, Floats]
    paired: Paired
    skill: float
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class Trained:
    """What scores a target, and why. `model` is None where nothing may be published; `reason` says why it is not the
    trees that score, or nothing."""

    target: Target
    model: Trees | CellRates | None
    trees: Trees | None
    name: str | None
    reason: str | None
    origins: tuple[Origin, ...]
    paired: Paired | None
    rows: int
    events: int
    days_back: tuple[int, ...]

    @property
    def is_baseline(self) -> bool:
        """The naive rate scores."""
        return self.name == BASELINE


def population(target: Target, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a target, in a total order, so that no order of arrival reaches a sum."""
    members = rows[np.asarray(rows["is_consented"], bool) & target.population(rows)]
    return members.sort_values(["days_back", "customer_id"], kind="stable", ignore_index=True)


def rare_events(target: Target, found: Ints) -> int:
    """Rows of the rarest outcome; of a time, rows in which it came."""
    counts = np.bincount(found, minlength=len(target.outcomes))
    return int(counts[:-1].sum() if target.kind == "time" else counts.min())


def log_losses(shares: Floats, found: Ints) -> Floats:
    """Minus the log of what was said of the outcome that came, per row."""
    return -np.log(np.clip(shares[np.arange(len(found)), found], 1e-15, 1))


def paired(model: Floats, baseline: Floats, bucket: Ints) -> Paired:
    """Mean difference of two losses of the same rows; delete-a-group jackknife over buckets of customers."""
    sums = np.bincount(bucket, baseline - model, minlength=20)
    counts = np.bincount(bucket, minlength=20)
    used = counts > 0
    groups = int(used.sum())
    whole = sums.sum() / counts.sum()
    if groups < 2:
        return Paired(float(whole), -np.inf, np.inf)
    left = (sums.sum() - sums[used]) / (counts.sum() - counts[used])
    error = np.sqrt((groups - 1) / groups * np.square(left - left.mean()).sum())
    return Paired(float(whole), float(whole - _Z * error), float(whole + _Z * error))


def skill(losses: Floats, found: Ints, outcomes: int) -> float:
    """1 - mean loss / mean loss of the shares of this very test: 0 is knowing no more than how many."""
    shares = np.bincount(found, minlength=outcomes) / len(found)
    known = log_losses(np.broadcast_to(shares, (len(found), outcomes)), found).mean()
    return float(1 - losses.mean() / known) if known > 0 else float("nan")


def train(target: Target, rows: pd.DataFrame, min_events: int) -> Trained:
    """Backtest a target on the rows of earlier anchors, and fit what may score. `rows`: features beside labels."""
    known = population(target, rows)
    known = known[known[target.label].notna()]
    members = known[known["days_back"] % target.horizon == 0].reset_index(drop=True)
    years = known[known["days_back"] >= YEAR_DAYS]
    found = labels(target, members)
    steps = tuple(sorted(int(day) for day in members["days_back"].unique()))
    events = rare_events(target, found) if len(found) else 0

    def told(model: Trees | CellRates | None, name: str | None, reason: str | None, **more: object) -> Trained:
        given = {"trees": None, "origins": (), "paired": None} | more
        return Trained(target, model, name=name, reason=reason, rows=len(members), events=events,
                       days_back=steps, **given)  # type: ignore[arg-type]  # fmt: skip

    if events < min_events:
        return told(None, None, f"{events} events of the rarest outcome in the past are fewer than {min_events}")
    lately = (members["days_back"] == steps[0]).to_numpy()
    baseline = cell_rates(target.baseline, members[lately], found[lately], len(target.outcomes))
    origins = tuple(_origins(target, members, found, years, min_events))
    if not origins:
        return told(
            baseline, BASELINE, "the history is too short to test a model on a later anchor than it learnt from"
        )
    both = _pooled(origins)
    evidence = {"origins": origins, "paired": both}
    worse = why_not(origins)
    if worse:
        return told(baseline, BASELINE, worse, **evidence)
    try:
        trees = _fit(target, members, found, steps[1:], steps[0])
    except NotFitted as lacking:
        return told(baseline, BASELINE, str(lacking), **evidence)
    trees = seasoned(trees, years, 0, steps[0])
    return told(trees, MODEL, None, trees=trees, **evidence)


def _fit(target: Target, rows: pd.DataFrame, found: Ints, learnt: tuple[int, ...], held_out: int) -> Trees:
    learns = rows["days_back"].isin(learnt).to_numpy()
    holds = (rows["days_back"] == held_out).to_numpy()
    return fit_trees(target, rows[learns], found[learns], rows[holds], found[holds])


def seasoned(trees: Trees, rows: pd.DataFrame, asked: int, held_out: int) -> Trees:
    """Trees calibrated on the anchor `held_out`, to be asked at `asked`, at the level of the season by a year before.

    `rows` as in `train`. Unchanged where the two windows of a year before are not known.
    """
    both = [rows[rows["days_back"] == day + YEAR_DAYS].reset_index(drop=True) for day in (asked, held_out)]
    if not (len(both[0]) and len(both[1])):
        return trees
    later, earlier = ((at, labels(trees.target, at)) for at in both)
    return trees.seasoned(later, earlier)


def _origins(target: Target, rows: pd.DataFrame, found: Ints, years: pd.DataFrame, min_events: int) -> list[Origin]:
    """The latest ORIGINS tests whose trees learn from half the events of a release; the baseline is what came last."""
    tests = []
    steps = tuple(sorted(int(day) for day in rows["days_back"].unique()))
    for place in range(min(ORIGINS, len(steps) - 2)):
        learnt = rows["days_back"].isin(steps[place + 2 :]).to_numpy()
        lately = (rows["days_back"] == steps[place + 1]).to_numpy()
        test = (rows["days_back"] == steps[place]).to_numpy()
        if rare_events(target, found[learnt]) < min_events / 2:
            continue
        baseline = cell_rates(target.baseline, rows[lately], found[lately], len(target.outcomes))
        try:
            trees = _fit(target, rows, found, steps[place + 2 :], steps[place + 1])
        except NotFitted:
            continue
        trees = seasoned(trees, years, steps[place], steps[place + 1])
        tested = rows[test].reset_index(drop=True)
        tests.append(_tested(steps[place], tested, found[test], trees, baseline))
    return tests


def _tested(days_back: int, rows: pd.DataFrame, found: Ints, trees: Trees, baseline: CellRates) -> Origin:
    shares = {MODEL: trees.probabilities(rows), BASELINE: baseline.probabilities(rows)}
    losses = {name: log_losses(said, found) for name, said in shares.items()}
    difference = paired(losses[MODEL], losses[BASELINE], rows["bucket"].to_numpy(np.int64))
    return Origin(days_back, rows[["customer_id", "bucket"]], found, shares, difference,
                  skill(losses[MODEL], found, shares[MODEL].shape[1]), trees.shifts)  # fmt: skip


def _pooled(origins: tuple[Origin, ...]) -> Paired:
    model = np.concatenate([log_losses(origin.shares[MODEL], origin.labels) for origin in origins])
    baseline = np.concatenate([log_losses(origin.shares[BASELINE], origin.labels) for origin in origins])
    return paired(model, baseline, np.concatenate([origin.rows["bucket"].to_numpy(np.int64) for origin in origins]))


def why_not(origins: tuple[Origin, ...]) -> str | None:
    """Why the trees may not score; None when they may."""
    rows = [len(origin.labels) for origin in origins]
    if not np.average([origin.skill for origin in origins], weights=rows) > 0:
        return "knows no more than the rate of all"
    worse = [origin for origin in origins if not origin.paired.difference > 0]
    if worse:
        return f"no better than the baseline at {len(worse)} of {len(origins)} origins"
    if not _pooled(origins).low > 0:
        return "better than the baseline by no more than chance"
    return None
