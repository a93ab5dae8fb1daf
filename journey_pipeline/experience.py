"""How the experience felt: survey answers in, scores with their uncertainty out.

Holds: the net promoter score and the share of positive answers, the share of visits with a friction, their intervals,
and the released tables `experience` and `friction`.
Add here: an instrument (one line in INSTRUMENTS) or a score formed from answer counts.
Never here: which answers count as positive on which scale (the seed `positive_boxes`), what an answer weighs (SQL in
`journeys`), what a friction is (SQL in `journeys`), targets (`scorecard`), any I/O.

Source of the NPS variance: the score is a mean of +1, 0, -1, so its variance is (p + d - (p - d)^2) / n.
"""

import numpy as np
import pandas as pd

from journey_pipeline.conversion import (
    Z95,
    Bools,
    Floats,
    Numbers,
    floats,
    ratio,
    require_unique,
    weeks,
    wilson_interval,
)

# instrument -> what its score is: points from -100 to 100, or the share of positive answers from 0 to 1.
INSTRUMENTS = {"NPS": "points", "CSAT": "share", "CES": "share", "STARS": "share"}

EXPERIENCE_KEY = ["week", "stage", "family", "instrument", "definition_id", "segment_set", "segment"]
EXPERIENCE_COLUMNS = [
    *EXPERIENCE_KEY,
    "segment_as_of",
    "answers",
    "score",
    "ci_low",
    "ci_high",
    "reweighted_score",
    "reweighted_ci_low",
    "reweighted_ci_high",
    "effective_answers",
    "mean_answer",
    "invitations",
    "invitations_answered",
    "response_rate",
    "response_rate_reason",
    "survey_lag_seconds",
    "is_small_sample",
    "is_suppressed",
    "numerator",
    "denominator",
    "reason",
]
NOT_ASKED = "the export tells who answered, not who was asked"

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
    where the normal approximation would leave the scale. Where all answers are of one kind that has no width, though
    nobody is sure of a score from two people: three answers are then added, half of them passive, and the interval goes
    on to the score itself (Rocks 2016, adjusted Wald). Compare two scores by their difference in points: a ratio has
    no meaning for a number that may be 0 or negative.
    """
    n, up, down = (np.asarray(counts, float) for counts in (answers, promoters, detractors))
    score, variance = _points(up, down, n)
    centre, spread = _points(up + 0.75, down + 0.75, n + 3)
    is_unanimous = variance == 0
    half = z * np.sqrt(np.where(is_unanimous, spread, variance))
    middle = np.where(is_unanimous, centre, score)
    return score, np.clip(np.fmin(middle - half, score), -100, 100), np.clip(np.fmax(middle + half, score), -100, 100)


def _points(promoters: Floats, detractors: Floats, answers: Floats) -> tuple[Floats, Floats]:
    """The score in points and the variance of its mean."""
    p, d = ratio(promoters, answers), ratio(detractors, answers)
    return ratio(100 * (promoters - detractors), answers), ratio(
        100**2 * np.clip(p + d - (p - d) ** 2, 0, None), answers
    )


def experience(cells: pd.DataFrame, min_n: int = 30, min_customers: int = 20) -> pd.DataFrame:
    """Released table `experience` from `experience_cells`, one row per cell, sorted by its key.

    NPS: score and interval in points, numerator promoters - detractors. All others: share of positive answers (0 to 1)
    with its Wilson interval, numerator positives. Denominator is the answers on a scale with a published score; on any
    other the score is empty, with the reason. Beside the raw score stands that of the weighted answers, with the
    interval of Kish's effective number of answers. A segment with fewer than `min_customers` answers is withheld, its
    size never.
    Raises ValueError for an unknown instrument, a repeated key, or counts that do not fit into the answers.
    """
    require_unique(cells, EXPERIENCE_KEY, "experience_cells")
    unknown = sorted(set(cells["instrument"].astype(str)) - set(INSTRUMENTS))
    if unknown:
        raise ValueError(f"experience_cells.instrument: expected one of {sorted(INSTRUMENTS)}, found {unknown}")
    numbers = cells.columns.difference([*EXPERIENCE_KEY, "segment_as_of", "tells_who_was_asked"])
    table = cells.assign(week=weeks(cells["week"]), **{name: floats(cells[name]) for name in numbers})
    table = table.sort_values(EXPERIENCE_KEY, ignore_index=True)
    points = table["instrument"].map(INSTRUMENTS).to_numpy() == "points"
    overfull = int(np.sum(points & (table["promoters"] + table["detractors"] > table["scored"]).to_numpy()))
    if overfull:
        raise ValueError(f"experience_cells: {overfull} NPS rows have more promoters and detractors than answers")
    n, weights = floats(table["scored"]), floats(table["weights"])
    effective = ratio(weights**2, table["squared_weights"])
    raw = _score(points, [floats(table[name]) for name in _COUNTS], n)
    shares = [np.minimum(ratio(table[f"weighted_{name}"], weights), 1) * effective for name in _COUNTS]
    weighted = _score(points, shares, effective)
    told = np.where(n > 0, n, floats(table["answers"]))  # a mean answer is told on a scale without a score as well
    is_withheld = (table["segment_set"] != "all").to_numpy() & (told > 0) & (told < min_customers)
    for name, value in zip(("score", "ci_low", "ci_high"), raw, strict=True):
        table[name] = np.where(is_withheld, np.nan, value)
    has_customers = floats(table["weighed_answers"]) > 0
    for name, value in zip(("score", "ci_low", "ci_high"), weighted, strict=True):
        table[f"reweighted_{name}"] = np.where(is_withheld | ~has_customers, np.nan, value)
    net = floats(table["promoters"]) - floats(table["detractors"])
    table["numerator"] = np.where(is_withheld, np.nan, np.where(points, net, table["positives"]))
    table["mean_answer"] = np.where(is_withheld, np.nan, ratio(table["score_sum"], table["answers"]))
    table["effective_answers"] = effective
    table["denominator"], table["is_small_sample"], table["is_suppressed"] = n, n < min_n, is_withheld
    table["survey_lag_seconds"] = table["median_lag_seconds"].where(~is_withheld)
    reasons = [is_withheld, floats(table["answers"]) == 0, n == 0]
    texts = [f"fewer than {min_customers} answers", "nobody answered", "no published score on this scale"]
    table["reason"] = pd.Series(np.select(reasons, texts, default=""), dtype="object").replace("", None)
    return _with_response_rate(table)[EXPERIENCE_COLUMNS]


_COUNTS = ("promoters", "detractors", "positives")


def _score(points: Bools, counts: list[Floats], n: Floats) -> tuple[Floats, ...]:
    """Score and interval by kind of instrument."""
    promoters, detractors, positives = counts
    nps = net_promoter_score(promoters, detractors, n)
    trials = np.where(points, 0, np.nan_to_num(n))
    low, high = wilson_interval(np.where(points, 0, np.nan_to_num(positives)), trials)
    shares = (ratio(positives, n), low, high)
    return tuple(np.where(points, a, b) for a, b in zip(nps, shares, strict=True))


def _with_response_rate(table: pd.DataFrame) -> pd.DataFrame:
    """Share answered of those asked in the week. Unknown where a tool does not tell whom it asked: never guessed."""
    tells = table["tells_who_was_asked"].fillna(False).astype(bool).to_numpy()
    told = tells & (floats(table["invitations"]) > 0)
    for name in ("invitations", "invitations_answered"):
        table[name] = np.where(tells, np.nan_to_num(floats(table[name])), np.nan)
    table["response_rate"] = np.where(told, ratio(table["invitations_answered"], table["invitations"]), np.nan)
    reasons = np.select([told, tells], ["", "nobody was asked in this week"], NOT_ASKED)
    return table.assign(response_rate_reason=pd.Series(reasons, dtype="object").replace("", None))


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
