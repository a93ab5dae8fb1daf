"""How far credit is from the truth of a market.

Holds the scores of one model on one market, their means over markets, and coverage. Pure: frames in, frames out. Add a
score as one entry of `score`. Must not be here: a model, a market, text for people.

Shares are those of the bought channels among each other. A harvester is a navigational channel whose true part is at
most a hundredth: what it is given is given for nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from journey_pipeline.conversion import Z95, Floats
from journey_pipeline.world.scenarios import Market

HARVESTER_SHARE = 0.01
Z90 = 1.6448536269514722
KEY = ["model", "experiments"]


def distance(left: Floats, right: Floats) -> float:
    """Total variation distance of two sets of shares, in the order of the channels; NaN when one has no total."""
    totals = left.sum(), right.sum()
    if min(totals) <= 0:
        return float("nan")
    return float(0.5 * np.abs(left / totals[0] - right / totals[1]).sum())


def score(market: Market, answers: pd.DataFrame) -> pd.DataFrame:
    """One row per model and number of experiments: distance, error, harvested, rank, covered, seconds.

    `error` is the sum of what each bought channel's credit is off by, over the sum of the truth. `harvested` is what
    harvesters are given of all credit of bought channels; NaN where a market has none. `covered` and `intervals` count
    the bought channels whose true number lies inside the 90 % interval, and those that have one.
    """
    truth = market.truth.set_index("channel")["incremental_conversions"].clip(lower=0)
    navigational = market.roles.loc[market.roles["role"] == "navigational", "channel"]
    harvesters = [name for name in truth.index if name in set(navigational)]
    harvesters = [name for name in harvesters if truth[name] <= HARVESTER_SHARE * truth.sum()]
    rows = []
    for (model, experiments), said in answers.groupby(KEY):
        given = said.set_index("channel").reindex(truth.index)
        credit = given["credit"].fillna(0.0).clip(lower=0)
        low, high = interval_90(given)
        known = high.notna()
        rows.append(
            {
                "scenario": market.scenario,
                "seed": market.seed,
                "model": model,
                "experiments": experiments,
                "distance": distance(credit.to_numpy(), truth.to_numpy()),
                "error": float((credit - truth).abs().sum() / truth.sum()),
                "harvested": float(credit[harvesters].sum() / credit.sum()) if credit.sum() > 0 else np.nan,
                "rank": float(spearmanr(credit, truth).statistic) if credit.nunique() > 1 else np.nan,
                "covered": int(((low <= truth) & (truth <= high))[known].sum()),
                "intervals": int(known.sum()),
                "seconds": float(said["seconds"].max()),
            }
        )
    return pd.DataFrame(rows)


def interval_90(given: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The 90 % interval of answers that state 95 %; NaN where they state none.

    Both are normal, so an end comes nearer by the ratio of their quantiles. Where the lower end was cut at 0 the upper
    one tells how far it would have been.
    """
    above = (given["high"] - given["credit"]) * (Z90 / Z95)
    below = (given["credit"] - given["low"]) * (Z90 / Z95)
    uncut = (given["credit"] - above).clip(lower=0).where(given["high"].notna())
    return (given["credit"] - below).where(given["low"] != 0, uncut), given["credit"] + above


def stability(answers: pd.DataFrame, bought: list[str]) -> pd.DataFrame:
    """Mean distance between the shares of every two seeds of a scenario, by model; columns KEY and `unstable`.

    `answers` needs scenario and seed.
    """
    used = answers[answers["channel"].isin(bought)]
    rows = []
    for key, said in used.groupby([*KEY, "scenario"]):
        shares = said.pivot_table(index="seed", columns="channel", values="credit", fill_value=0.0).clip(lower=0)
        found = [distance(shares.to_numpy()[i], shares.to_numpy()[j]) for i in range(len(shares)) for j in range(i)]
        rows.append((*key[:2], np.mean(found) if found else np.nan))
    return pd.DataFrame(rows, columns=[*KEY, "unstable"]).groupby(KEY)[["unstable"]].mean().reset_index()


def own_coverage(answers: pd.DataFrame) -> pd.DataFrame:
    """How often a 90 % interval holds what the model says on average, by model; columns KEY, `inside`, `asked`.

    The estimand of a rule or a fitted model is its own credit over all markets of one kind. It is taken from the other
    markets (by seed) of the same scenario; with K of them its own error widens the interval by sqrt(1 + 1 / K).
    """
    groups = answers.groupby([*KEY, "scenario", "channel"])["credit"]
    count, total = groups.transform("size"), groups.transform("sum")
    credit, (low, high) = answers["credit"], interval_90(answers)
    others = (total - credit) / (count - 1).clip(lower=1)
    wider = np.sqrt(1 + 1 / (count - 1).clip(lower=1))
    inside = (others >= credit - (credit - low) * wider) & (others <= credit + (high - credit) * wider)
    asked = high.notna() & (count > 1)
    found = answers[KEY].assign(inside=(inside & asked).astype(int), asked=asked.astype(int))
    return found.groupby(KEY)[["inside", "asked"]].sum().reset_index()


def summary(scores: pd.DataFrame, steadiness: pd.DataFrame) -> pd.DataFrame:
    """One row per model and number of experiments, best first: mean distance by scenario and the other means."""
    distances = scores.pivot_table(index=KEY, columns="scenario", values="distance")
    distances = distances[[name for name in dict.fromkeys(scores["scenario"]) if name in distances]]
    means = scores.groupby(KEY)[["distance", "error", "harvested", "rank", "seconds"]].mean()
    counts = scores.groupby(KEY)[["covered", "intervals"]].sum()
    table = distances.join(means).join(counts).join(steadiness.set_index(KEY)).reset_index()
    return table.sort_values(["distance", *KEY], ignore_index=True)
