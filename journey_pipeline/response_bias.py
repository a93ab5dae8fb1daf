"""Who answers is not who buys: what the score would be if every kind of customer had answered alike.

Holds: post-stratification weights, the weighted share with its interval, what the silent would have to think, and the
released table `response_bias`.
Add here: another correction or bound of a score for who did not answer.
Never here: which customers make a group and which groups are merged (SQL in `journeys`), any I/O.

Sources: Holt and Smith 1979 for post-stratification; Kish 1965 for the effective number of answers. Weighting mends
only differences that are measured: two customers of one group, of whom one is angry and silent, look the same to it.
"""

import numpy as np
import pandas as pd

from journey_pipeline.conversion import Z95, Floats, Numbers, floats, ratio, require_unique, weeks, wilson_interval
from journey_pipeline.experience import INSTRUMENTS, net_promoter_score

QUESTION = ["week", "instrument", "definition_id"]
RESPONSE_BIAS_COLUMNS = [
    *QUESTION,
    "answers",
    "customers",
    "raw",
    "raw_ci_low",
    "raw_ci_high",
    "reweighted",
    "reweighted_ci_low",
    "reweighted_ci_high",
    "effective_answers",
    "design_effect",
    "groups",
    "largest_weight",
    "customers_left",
    "answers_left",
    "score_left",
    "answers_stayed",
    "score_stayed",
    "target_value",
    "silent_score_needed",
    "is_small_sample",
    "note",
]


def response_weights(population: Numbers, answers: Numbers, max_weight: float = 5.0) -> Floats:
    """Weight of an answer of each stratum, (N_h / N) / (n_h / n), cut at `max_weight`; the weights sum to the answers.

    NaN for a stratum without answers.
    """
    people, n = np.asarray(population, float), np.asarray(answers, float)
    cut = np.minimum(ratio(people / people.sum(), ratio(n, n.sum())), max_weight)
    return cut * ratio(n.sum(), np.nansum(cut * n))


def weighted_mean(weight: Numbers, answers: Numbers, mean: Numbers, variance: Numbers) -> tuple[float, float, float]:
    """Post-stratified mean, its standard error and the effective number of answers (Kish).

    mean = sum W_h m_h with W_h = n_h w_h / n; its variance sum W_h^2 s_h^2 / (n_h - 1), s_h^2 the variance within the
    stratum (p (1 - p) for a share). A stratum of one answer says nothing of its own variance: then no error is known.
    """
    w, n, m, s = (np.asarray(part, float) for part in (weight, answers, mean, variance))
    present = n > 0
    w, n, m, s = w[present], n[present], m[present], s[present]
    share = ratio(n * w, n.sum())
    error = np.sqrt(np.sum(ratio(share**2 * s, n - 1))) if len(n) else np.nan
    return (
        float(np.sum(share * m)) if len(n) else np.nan,
        float(error),
        float(ratio((n * w).sum() ** 2, (n * w**2).sum())),
    )


def silent_score_needed(target: Numbers, score: Numbers, answers: Numbers, customers: Numbers) -> Floats:
    """Share of positive among the customers who did not answer at which all together would reach the target.

    Above 1 the target cannot be reached whatever they think, below 0 it is reached whatever they think.
    """
    spoken = np.minimum(ratio(answers, customers), 1)
    return ratio(np.asarray(target, float) - spoken * np.asarray(score, float), 1 - spoken)


def response_bias(
    strata: pd.DataFrame, left: pd.DataFrame, scorecard: pd.DataFrame, min_n: int = 30, min_answers: int = 5
) -> pd.DataFrame:
    """Released table `response_bias`: one row per week and question, from `response_strata` and `response_left`.

    Scores are shares of positive answers (0 to 1) or NPS points. `target_value` is what the scorecard's first target of
    customer satisfaction asks for in the week, for CSAT alone. Fewer than `min_answers` of those who left, or stayed,
    have no score. Raises ValueError when a key repeats.
    """
    require_unique(strata, [*QUESTION, "stratum"], "response_strata")
    require_unique(left, [*QUESTION, "has_left"], "response_left")
    rows = [
        _question(key, group) for key, group in _read(strata).groupby(QUESTION, sort=True) if group["answers"].sum()
    ]
    table = pd.DataFrame(rows, columns=[*QUESTION, *RESPONSE_BIAS_COLUMNS[3:15]])
    table["week"] = weeks(table["week"])
    for name, flag in (("left", True), ("stayed", False)):
        side = _scored(_read(left[left["has_left"].astype(bool) == flag]))
        found = table[QUESTION].merge(side, on=QUESTION, how="left")
        table[f"answers_{name}"] = found["answers"].fillna(0)
        table[f"customers_{name}"] = found["customers"].fillna(0)
        table[f"score_{name}"] = found["score"].where(found["answers"] >= min_answers)
    table["target_value"] = table["week"].map(_targets(scorecard)).astype("float64")
    table.loc[table["instrument"] != "CSAT", "target_value"] = np.nan
    needed = silent_score_needed(table["target_value"], table["raw"], table["answers"], table["customers"])
    table["silent_score_needed"] = np.where(needed >= 0, np.where(needed <= 1, needed, np.nan), np.nan)
    table["is_small_sample"] = floats(table["answers"]) < min_n
    told = [
        (needed > 1, "the target is out of reach whatever the silent customers think"),
        (needed < 0, "the target is met whatever the silent customers think"),
        (floats(table["groups"]) < 2, "too few answers to weigh groups: reweighted is raw"),
    ]
    table["note"] = ["; ".join(text for test, text in told if test[row]) or None for row in range(len(table))]
    return table[RESPONSE_BIAS_COLUMNS]


def _read(cells: pd.DataFrame) -> pd.DataFrame:
    numbers = cells.columns.difference([*QUESTION, "stratum", "has_left"])
    return cells.assign(week=weeks(cells["week"]), **{name: floats(cells[name]) for name in numbers})


def _moments(cells: pd.DataFrame, instrument: str) -> tuple[Floats, Floats]:
    """Mean and variance of one answer: of +1, 0, -1 for a recommendation, of yes and no otherwise."""
    n = cells["answers"]
    if INSTRUMENTS[instrument] == "points":
        p, d = ratio(cells["promoters"], n), ratio(cells["detractors"], n)
        return p - d, p + d - (p - d) ** 2
    share = ratio(cells["positives"], n)
    return share, share * (1 - share)


def _question(key: tuple[object, ...], cells: pd.DataFrame) -> list[object]:
    instrument = str(key[1])
    is_points = INSTRUMENTS[instrument] == "points"
    unit, floor = (100.0, -1.0) if is_points else (1.0, 0.0)
    mean, variance = _moments(cells, instrument)
    score, error, effective = weighted_mean(cells["weight"], cells["answers"], mean, variance)
    low, high = np.clip([score - Z95 * error, score + Z95 * error], floor, 1)
    sums = cells[["answers", "population", "positives", "promoters", "detractors"]].sum()
    if is_points:
        raw = [float(part) for part in net_promoter_score(sums["promoters"], sums["detractors"], sums["answers"])]
    else:
        ends = wilson_interval(sums["positives"], sums["answers"])
        raw = [float(ratio(sums["positives"], sums["answers"])), float(ends[0]), float(ends[1])]
    n, groups = sums["answers"], int((cells["answers"] > 0).sum())
    if groups < 2:  # one group is the raw score, and its interval the better one
        score, low, high = (value / unit for value in raw)
    weighted = [score * unit, low * unit, high * unit]
    design = float(ratio(n, effective))
    return [*key, n, sums["population"], *raw, *weighted, effective, design, groups, cells["weight"].max()]


def _scored(cells: pd.DataFrame) -> pd.DataFrame:
    points = cells["instrument"].map(INSTRUMENTS).to_numpy() == "points"
    net = ratio(100 * (cells["promoters"] - cells["detractors"]), cells["answers"])
    return cells.assign(score=np.where(points, net, ratio(cells["positives"], cells["answers"])))


def _targets(scorecard: pd.DataFrame) -> dict[pd.Timestamp, float]:
    asked = scorecard[(scorecard["kpi"] == "customer_satisfaction") & (scorecard["target_set"] == "mvp")]
    return dict(zip(weeks(asked["week"]), floats(asked["target_value"]), strict=True))
