"""What a planned improvement would bring: fewer drop off at one step, more arrive at the end.

Holds the arithmetic of a reduced drop-off and the released table `planned_improvements`.
Must not be here: what an improvement did (`change` and experiments tell that), any I/O.

An association, carried forward: of those who would have dropped off at a step a share (the reduction) stays, and goes
on as often as the others do, times the marginal quality, as who nearly left is less resolved. Whether a change of the
step achieves the reduction is not known here; the interval holds the counts only, and scenarios differ by far more.
"""

from datetime import datetime
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from journey_pipeline.conversion import Z95, Floats, floats, ratio, stage_conversion

KEY = ["week", "funnel", "step", "reduction", "marginal_quality"]
COLUMNS = {
    "week": "datetime64[us]",
    "funnel": "str",
    "step": "str",
    "reduction": "float64",
    "marginal_quality": "float64",
    "next_step": "str",
    "is_planned": "bool",
    "entered": "int64",
    "drop_off": "float64",
    "conversions": "float64",
    "extra_conversions": "float64",
    "ci_low": "float64",
    "ci_high": "float64",
    "relative_change": "float64",
    "is_small_sample": "bool",
    "note": "str",
}
# Of the planned reduction: half of it, all of it, and half as much again.
SCALES = (0.5, 1.0, 1.5)
# How often who was kept goes on, against who stayed anyway.
QUALITIES = (0.5, 0.8, 1.0)
PLANNED_QUALITY = 0.8
NOTE = (
    "An association, given the reduction and the marginal quality: the interval holds the counts only. "
    "Whether a change achieves the reduction shows after it, best in an experiment."
)


class Improvement(NamedTuple):
    """Expected conversions before, those that come on top, and their 95 % interval."""

    before: Floats
    extra: Floats
    low: Floats
    high: Floats


def reduced_drop_off(
    entered: Floats, converted: Floats, step: int, reduction: float, marginal_quality: float
) -> Improvement:
    """Extra conversions when the drop-off of `step` falls by `reduction`, from counts by step along the last axis.

    With rates p and n entrants of step s: n x (1 - p_s) p_(s+1) ... p_last times the marginal quality. Its logarithm
    varies by p_s / (n_s (1 - p_s)) plus (1 - p_j) / (n_j p_j) of each later step. The interval is NaN where one of
    these has no bound: everybody goes on, or nobody does later.
    """
    n, k = np.asarray(entered, float)[..., step:], np.asarray(converted, float)[..., step:]
    rate = ratio(k, n)
    here, later = rate[..., 0], rate[..., 1:]
    onward = later.prod(axis=-1)
    extra = n[..., 0] * reduction * (1 - here) * onward * marginal_quality
    variance = ratio(here, n[..., 0] * (1 - here)) + ratio(1 - later, n[..., 1:] * later).sum(axis=-1)
    factor = np.exp(Z95 * np.sqrt(variance))
    return Improvement(n[..., 0] * here * onward, extra, extra / factor, extra * factor)


def planned_improvements(
    cells: pd.DataFrame,
    stages: pd.DataFrame,
    funnels: pd.DataFrame,
    as_of: datetime,
    reduction: float = 0.1,
    min_n: int = 30,
) -> pd.DataFrame:
    """Released table `planned_improvements` from `stage_cells` and the seeds of funnels, one row per scenario.

    Steps are those that a journey must pass up to the funnel's first terminal one, which is its conversion; weeks are
    those whose cohorts are mature at every step from there on.
    """
    if not 0 < reduction <= 1 / max(SCALES):
        raise ValueError(f"planned reduction: expected above 0 and at most {1 / max(SCALES):.2f}, found {reduction}")
    chosen = (cells["view"] == "cohort") & cells["is_default_mode"].astype(bool) & (cells["breakdown"] == "all")
    cohorts = stage_conversion(cells[chosen], as_of, min_n)
    cohorts = cohorts[cohorts["is_mature"]]
    frames = [
        _of_funnel(
            cohorts[cohorts["funnel"] == funnel], _required_steps(stages[stages["funnel"] == funnel], last), reduction
        )
        for funnel, last in zip(funnels["funnel"], funnels["terminal_from"], strict=True)
    ]
    table = pd.concat([pd.DataFrame(columns=[*COLUMNS, "fewest"]), *frames], ignore_index=True)
    table = table.assign(is_small_sample=floats(table["fewest"]) < min_n, note=NOTE)
    return table[list(COLUMNS)].astype(COLUMNS).sort_values(KEY, ignore_index=True)


def _required_steps(stages: pd.DataFrame, last: int) -> list[str]:
    passed = ~(stages["is_optional"].astype(bool) | stages["is_exclusion"].astype(bool)) & (
        stages["stage_number"] <= last
    )
    return list(stages[passed].sort_values("stage_number")["stage"])


def _of_funnel(cohorts: pd.DataFrame, steps: list[str], reduction: float) -> pd.DataFrame:
    """All scenarios of all steps of one funnel, every week that knows the step and all after it."""
    chain = pd.DataFrame({"from_stage": steps[:-1], "to_stage": steps[1:], "number": range(len(steps) - 1)})
    wide = cohorts.merge(chain, on=["from_stage", "to_stage"]).pivot(
        index="week", columns="number", values=["entered", "converted"]
    )
    frames = [pd.DataFrame()]
    for number in chain["number"]:
        onward = [(name, later) for name in ("entered", "converted") for later in range(number, len(chain))]
        known = wide.reindex(columns=pd.MultiIndex.from_tuples(onward)).dropna()
        entered, converted = (known[name].to_numpy("float64") for name in ("entered", "converted"))
        for scale, quality in product(SCALES, QUALITIES):
            cut = round(reduction * scale, 9)
            found = reduced_drop_off(entered, converted, 0, cut, quality)
            frames.append(
                pd.DataFrame(
                    {
                        "week": known.index,
                        "funnel": cohorts["funnel"].iloc[:1].tolist() * len(known),
                        "step": steps[number],
                        "next_step": steps[number + 1],
                        "reduction": cut,
                        "marginal_quality": quality,
                        "is_planned": scale == 1 and quality == PLANNED_QUALITY,
                        "entered": entered[:, 0].astype("int64"),
                        "drop_off": 1 - ratio(converted[:, 0], entered[:, 0]),
                        "conversions": found.before,
                        "extra_conversions": found.extra,
                        "ci_low": found.low,
                        "ci_high": found.high,
                        "relative_change": ratio(found.extra, found.before),
                        "fewest": entered.min(axis=1),
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)
