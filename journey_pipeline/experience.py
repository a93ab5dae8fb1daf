"""How the experience felt: survey answers in, scores with their uncertainty out.

Holds: the net promoter score and the share of positive answers, the share of visits with a friction, their intervals,
and the released tables `experience` and `friction`.
Add here: an instrument (one line in INSTRUMENTS) or a score formed from answer counts.
Never here: which answers count as positive on which scale (SQL in `events`), what a friction is (SQL in `journeys`),
targets (`scorecard`), any I/O.

Source of the NPS variance: the score is a mean of +1, 0, -1, so its variance is (p + d - (p - d)^2) / n.
"""

import numpy as np
import pandas as pd

from journey_pipeline.conversion import (
    Z95,
    Floats,
    Numbers,
    floats,
    ratio,
    require_unique,
    weeks,
    wilson_interval,
)

# instrument -> what its score is: points from -100 to 100, or the share of positive answers from 0 to 1.
INSTRUMENTS = {"NPS": "points", "CSAT": "share", "CES": "share"}

EXPERIENCE_KEY = ["week", "stage", "family", "instrument"]
EXPERIENCE_COLUMNS = [
    *EXPERIENCE_KEY,
    "answers",
    "score",
    "ci_low",
    "ci_high",
    "is_small_sample",
    "numerator",
    "denominator",
]

FRICTION_KEY = ["week", "stage", "page_group", "signal"]
FRICTION_COLUMNS = [
    *FRICTION_KEY,
    "events",
    "affected_sessions",
    "sessions",
    "affected_share",
    "ci_low",
    "ci_high",
    "is_small_sample",
]


def net_promoter_score(
    promoters: Numbers, detractors: Numbers, answers: Numbers, z: float = Z95
) -> tuple[Floats, Floats, Floats]:
    """Net promoter score 100 (p - d) in points and its interval, elementwise; NaN without answers.

    se = 100 sqrt((p + d - (p - d)^2) / n). Returns (score, low, high); the interval is cut at -100 and 100,
    where the normal approximation would leave the scale. Compare two scores by their difference in points: a
    ratio has no meaning for a number that may be 0 or negative.
    """
    n = np.asarray(answers, float)
    p, d = ratio(promoters, n), ratio(detractors, n)
    score = ratio(100 * (np.asarray(promoters, float) - np.asarray(detractors, float)), n)
    variance = ratio(np.clip(p + d - (p - d) ** 2, 0, None), n)
    half = z * 100 * np.sqrt(variance)
    return score, np.clip(score - half, -100, 100), np.clip(score + half, -100, 100)


def experience(cells: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """Released table `experience` from `experience_cells`, one row per cell, sorted by its key.

    NPS: score and interval in points, numerator promoters - detractors. CSAT and CES: share of positive
    answers (0 to 1) with its Wilson interval, numerator positives. Denominator is answers. Raises ValueError
    for an unknown instrument, a repeated key, or counts that do not fit into the answers.
    """
    require_unique(cells, EXPERIENCE_KEY, "experience_cells")
    unknown = sorted(set(cells["instrument"].astype(str)) - set(INSTRUMENTS))
    if unknown:
        raise ValueError(f"experience_cells.instrument: expected one of {sorted(INSTRUMENTS)}, found {unknown}")
    table = cells.assign(week=weeks(cells["week"])).reset_index(drop=True)
    answers, positives = floats(table["answers"]), np.nan_to_num(floats(table["positives"]))
    promoters = np.nan_to_num(floats(table["promoters"]))
    detractors = np.nan_to_num(floats(table["detractors"]))
    points = table["instrument"].map(INSTRUMENTS).to_numpy() == "points"
    overfull = int(np.sum(points & (promoters + detractors > answers)))
    if overfull:
        raise ValueError(f"experience_cells: {overfull} NPS rows have more promoters and detractors than answers")
    nps = net_promoter_score(promoters, detractors, answers)
    low, high = wilson_interval(np.where(points, 0, positives), np.where(points, 0, answers))
    table["score"] = np.where(points, nps[0], ratio(positives, answers))
    table["ci_low"] = np.where(points, nps[1], low)
    table["ci_high"] = np.where(points, nps[2], high)
    table["is_small_sample"] = answers < min_n
    table["numerator"] = np.where(points, promoters - detractors, positives)
    table["denominator"] = answers
    return table.sort_values(EXPERIENCE_KEY, ignore_index=True)[EXPERIENCE_COLUMNS]


def friction(cells: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """Released table `friction` from `friction_cells`, one row per cell, sorted by its key.

    The share of visits in which a signal happened at least once, with its Wilson interval; NaN without visits. Raises
    ValueError for a repeated key, or more visits affected than there were.
    """
    require_unique(cells, FRICTION_KEY, "friction_cells")
    table = cells.assign(week=weeks(cells["week"])).reset_index(drop=True)
    affected, sessions = floats(table["affected_sessions"]), floats(table["sessions"])
    table["affected_share"] = ratio(affected, sessions)
    table["ci_low"], table["ci_high"] = wilson_interval(affected, sessions)
    table["is_small_sample"] = sessions < min_n
    return table.sort_values(FRICTION_KEY, ignore_index=True)[FRICTION_COLUMNS]
