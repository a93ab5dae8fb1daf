"""How journeys fare: flags of journeys, how fast buyers get to use what they bought, and how much they have to ask.

Holds: the released tables `pain_flags`, `onboarding`, `support_effort` and `contact_reasons`.
Add here: a statistic of journeys formed from weekly counts that is no rate of a funnel.
Must not be here: what a flag, a first value or a missed contact is (SQL in `journeys`), where it hurts most
(`pain_points`), any I/O.

A gap between flagged and other journeys is an association: who is flagged differs in more than the flag.

Sources: Wilson 1927; Newcombe 1998; Benjamini & Hochberg 1995; Kaplan & Meier 1958.
"""

from datetime import datetime

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from journey_pipeline.conversion import (
    Floats,
    Numbers,
    compare_rates,
    floats,
    is_mature,
    ratio,
    require_unique,
    weeks,
    wilson_interval,
)
from journey_pipeline.maturity import HOUR_SECONDS, lag_curve

GAP_WEEKS = 12  # weeks of entry that a gap is told from: one week has too few answers
PAIN_FLAGS_KEY = ["week", "flag"]
ONBOARDING_KEY = ["week", "breakdown", "member"]
SUPPORT_EFFORT_KEY = ["week", "stage", "source"]
CONTACT_REASONS_KEY = ["week", "source", "reason"]
COUNTS = ("journeys", "converted", "csat_answers", "positives")
# A journey may buy within 60 days of its beginning, and a buyer's flags are judged two weeks later.
FLAGS_SETTLE_SECONDS = (60 + 14) * 86_400


def pain_flags(cells: pd.DataFrame, as_of: datetime, min_n: int = 30) -> pd.DataFrame:
    """Released table `pain_flags` from `pain_flag_cells`: how many journeys a flag holds for, and how these fare.

    Journeys that cannot be judged yet, or never, are in no share. `conversion_gap` and `csat_gap` are the rate of
    flagged journeys less that of the others, of the twelve weeks of entry up to the row's, with Newcombe's interval and
    the q of Benjamini and Hochberg over the flags of the week; NaN where one side has nobody.
    """
    require_unique(cells, [*PAIN_FLAGS_KEY, "is_flagged"], "pain_flag_cells")
    cells = cells.assign(week=weeks(cells["week"]))
    side = cells["is_flagged"].map({True: "flagged", False: "other"}).fillna("unjudged")
    wide = cells.assign(side=side).pivot_table(
        index=["flag", "outcome", "week"], columns="side", values=list(COUNTS), aggfunc="sum", fill_value=0
    )
    wide.columns = pd.Index(["_".join(names) for names in wide.columns.tolist()])
    for name in (f"{count}_{side}" for count in COUNTS for side in ("flagged", "other", "unjudged")):
        wide[name] = wide.get(name, 0)
    table = wide.reset_index().sort_values(["flag", "week"], ignore_index=True)
    flagged, other = floats(table["journeys_flagged"]), floats(table["journeys_other"])
    table["flagged"], table["judged"] = flagged.astype(int), (flagged + other).astype(int)
    table["not_judged"] = table["journeys_unjudged"].astype(int)
    table["share"] = ratio(flagged, flagged + other)
    table["ci_low"], table["ci_high"] = wilson_interval(flagged, flagged + other)
    recent = {name: _trailing(table, name) for name in table.columns if name.endswith(("_flagged", "_other"))}
    gaps = {"conversion": ("converted", "journeys"), "csat": ("positives", "csat_answers")}
    for gap, (k, n) in gaps.items():
        table = table.join(
            _gap(gap, recent[f"{k}_other"], recent[f"{n}_other"], recent[f"{k}_flagged"], recent[f"{n}_flagged"])
        )
        table[f"{gap}_q_value"] = np.nan
        for places in table[table[f"{gap}_p_value"].notna()].groupby("week").groups.values():
            table.loc[places, f"{gap}_q_value"] = false_discovery_control(floats(table.loc[places, f"{gap}_p_value"]))
    table["recent_flagged"] = recent["journeys_flagged"].astype(int)
    table["recent_judged"] = (recent["journeys_flagged"] + recent["journeys_other"]).astype(int)
    table["is_mature"] = is_mature(table["week"], FLAGS_SETTLE_SECONDS, as_of)
    table["is_small_sample"] = (recent["journeys_flagged"] < min_n) | (recent["journeys_other"] < min_n)
    return table.sort_values(PAIN_FLAGS_KEY, ignore_index=True)


def _trailing(table: pd.DataFrame, name: str) -> Floats:
    """Sum over the flag's weeks up to each row's, GAP_WEEKS at most."""
    span = pd.Timedelta(weeks=GAP_WEEKS)
    sums = table.set_index("week").groupby("flag", sort=False)[name].rolling(span).sum()
    return floats(sums)


def _gap(name: str, k0: Floats, n0: Floats, k1: Floats, n1: Floats) -> pd.DataFrame:
    told = compare_rates(k0, n0, k1, n1)
    names = {"difference": "gap", "difference_low": "gap_low", "difference_high": "gap_high", "p_value": "p_value"}
    told = told[list(names)].copy()
    told[(n0 == 0) | (n1 == 0)] = np.nan
    return told.rename(columns={old: f"{name}_{new}" for old, new in names.items()})


def onboarding(cells: pd.DataFrame, lag_cells: pd.DataFrame, as_of: datetime, min_n: int = 30) -> pd.DataFrame:
    """Released table `onboarding` from `onboarding_cells` and `onboarding_lag_cells`.

    A cohort is mature when everybody has had the time; in an open one the buyers who may still come are counted apart
    and are in no rate: the rate is NaN until then. The median time to value is Kaplan and Meier's, which counts who has
    not begun yet for as long as they have been watched; NaN where fewer than half ever begin.
    """
    require_unique(cells, ONBOARDING_KEY, "onboarding_cells")
    table = cells.assign(week=weeks(cells["week"])).reset_index(drop=True)
    purchasers = floats(table["purchasers"])
    rates = {"7d": ("activated_7d", "open_7d", 7), "14d": ("activated_14d", "open_14d", 14)}
    for name, (reached, still_open, days) in rates.items():
        mature = is_mature(table["week"], days * 86_400, as_of) & (table[still_open] == 0).to_numpy()
        table[f"is_mature_{name}"] = mature
        _put_rate(table, f"rate_{name}", floats(table[reached]), purchasers, mature)
    is_told = table["is_mature_14d"].to_numpy() & (table["open_follow_up"] == 0).to_numpy()
    _put_rate(table, "follow_up_rate", floats(table["followed_up"]), purchasers, is_told)
    table["without_follow_up"] = np.where(is_told, purchasers - floats(table["followed_up"]), np.nan)
    medians = _medians(lag_cells, ONBOARDING_KEY, "purchases")
    table["median_value_seconds"] = _looked_up(table, ONBOARDING_KEY, medians)
    table["is_small_sample"] = purchasers < min_n
    return table.sort_values(ONBOARDING_KEY, ignore_index=True)


def _put_rate(table: pd.DataFrame, name: str, k: Floats, n: Floats, known: Numbers) -> None:
    shown = np.where(known, n, 0.0)
    table[name] = ratio(k, shown)
    table[f"{name}_low"], table[f"{name}_high"] = wilson_interval(np.where(known, k, 0.0), shown)


def support_effort(cells: pd.DataFrame, lag_cells: pd.DataFrame, as_of: datetime, min_n: int = 30) -> pd.DataFrame:
    """Released table `support_effort` from `support_cells` and `support_lag_cells`.

    The time to a solution is Kaplan and Meier's, so that what is not solved yet counts for as long as it has waited; a
    quantile that fewer have reached is NaN. A first reply is told of contacts that got one; where two desks keep time
    on different clocks there is no common median. What a desk's export does not tell is NaN and named in `not_told`.
    """
    require_unique(cells, SUPPORT_EFFORT_KEY, "support_cells")
    table = cells.assign(week=weeks(cells["week"])).reset_index(drop=True)
    contacts = floats(table["contacts"])
    table["contacts_per_active_customer"] = ratio(contacts, floats(table["active_customers"]))
    table["contacts_per_100_orders"] = 100 * ratio(contacts, floats(table["orders"]))
    one_clock = (table["reply_clocks"] == 1).to_numpy()
    for name in ("reply_median_seconds", "reply_p90_seconds"):
        table[name] = np.where(one_clock, floats(table[name]), np.nan)
    for name, share in (("resolution_median_seconds", 0.5), ("resolution_p90_seconds", 0.9)):
        table[name] = _looked_up(table, SUPPORT_EFFORT_KEY, _medians(lag_cells, SUPPORT_EFFORT_KEY, "contacts", share))
    reopens, told = floats(table["reopened"]), floats(table["reopens_told"])
    table["reopened_share"] = ratio(reopens, told)
    judged = contacts - floats(table["open"])
    table["missed_share"] = ratio(floats(table["missed"]), judged)
    table["missed_low"], table["missed_high"] = wilson_interval(floats(table["missed"]), judged)
    table["not_told"] = [
        _not_told(*row) for row in zip(table["reply_clocks"], table["reopens_told"], table["contacts"], strict=True)
    ]
    # Whoever has opened a case in the week is judged when the last of them has had the time.
    table["is_mature"] = is_mature(table["week"], 0, as_of) & (table["open"] == 0).to_numpy()
    table["is_small_sample"] = contacts < min_n
    return table.sort_values(SUPPORT_EFFORT_KEY, ignore_index=True)


def _not_told(clocks: int, reopens_told: int, contacts: int) -> str:
    reasons = []
    if clocks == 0:
        reasons.append("the export tells of no replies")
    if clocks > 1:
        reasons.append("the desks keep time on different clocks: replies are told by desk")
    if reopens_told < contacts:
        reasons.append("reopenings are told of part of the contacts" if reopens_told else "no reopenings are told")
    return "; ".join(reasons)


def contact_reasons(cells: pd.DataFrame, min_contacts: int = 5) -> pd.DataFrame:
    """Released table `contact_reasons` from `contact_reason_cells`: reasons as desks tagged them, most frequent first.

    Tags are written by hand: one of fewer than `min_contacts` in all of the desk's weeks is `other`, so that no single
    case is told. `cumulative_share` is of all reasons given, as one contact may have several.
    """
    require_unique(cells, CONTACT_REASONS_KEY, "contact_reason_cells")
    cells = cells.assign(week=weeks(cells["week"]))
    known = cells.groupby(["source", "reason"])["contacts"].transform("sum") >= min_contacts
    cells["reason"] = cells["reason"].where(known | (cells["reason"] == "not_told"), "other")
    sums = {"contacts": "sum", "all_contacts": "first"}
    table = cells.groupby(CONTACT_REASONS_KEY, as_index=False).agg(sums)
    table["share"] = np.minimum(1.0, ratio(floats(table["contacts"]), floats(table["all_contacts"])))
    table = table.sort_values(["week", "source", "contacts", "reason"], ascending=[True, True, False, True])
    by = table.groupby(["week", "source"], sort=False)["contacts"]
    table["cumulative_share"] = ratio(floats(by.cumsum()), floats(by.transform("sum")))
    table["rank"] = by.cumcount() + 1
    return table.reset_index(drop=True)


def _medians(
    lag_cells: pd.DataFrame, key: list[str], count: str, share: float = 0.5
) -> dict[tuple[object, ...], float]:
    cells = lag_cells.assign(week=weeks(lag_cells["week"]))
    return {
        tuple(name): lag_curve(floats(rows["hours"]), floats(rows["is_moved"]), floats(rows[count])).quantile(share)
        * HOUR_SECONDS
        for name, rows in cells.groupby(key, sort=False)
    }


def _looked_up(table: pd.DataFrame, key: list[str], values: dict[tuple[object, ...], float]) -> list[float]:
    return [values.get(tuple(row), float("nan")) for row in table[key].itertuples(index=False, name=None)]
