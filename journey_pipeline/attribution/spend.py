"""What credit cost: spend beside credit, cost per conversion, return, and why a cost cannot be told.

Holds: the full join of spend and credit of one week, channel and campaign, and the ratios over it.
Add here: a ratio of spend and credit.
Must not be here: how much credit a channel has (`table`), an exchange rate (SQL has made one currency of all spend).

A platform's own count of conversions stands beside ours and is never added to it: platforms claim the same
conversion more than once. Spend is repeated for every conversion type and model, by nature of a long table: sum it
within one of each.
"""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from journey_pipeline.attribution.paths import UNATTRIBUTED
from journey_pipeline.conversion import floats, ratio, weeks

DEFAULT_CONVERSION_TYPE = "order"
ACQUISITION_TYPE = "first_order"
KEY = ["week", "conversion_type", "model", "channel", "campaign"]
_GROUP = KEY[:-1]
SPEND_COLUMNS = [
    "spend",
    "spend_note",
    "cost_per_conversion",
    "customer_acquisition_cost",
    "return_on_ad_spend",
    "return_ci_low",
    "return_ci_high",
    "platform_conversions",
]


def with_spend(
    earned: pd.DataFrame, spend_cells: pd.DataFrame, fallback: Sequence[str], windowed: Collection[str] = ()
) -> pd.DataFrame:
    """Join spend to credit in full and add SPEND_COLUMNS.

    `earned` has the key, credit, value, value_ci_low and value_ci_high. The interval of the return is that of the
    value with the spend taken as known. A model of `windowed` speaks of no week before its first one: what was spent
    then has no row under it. The notes: no_spend_reported (the channel has none in that week),
    spend_of_other_campaigns, credit_without_campaign and spend_without_campaign (one side names campaigns and the
    other does not, so the cost cannot be split), no_credit (spend that led to nothing).
    """
    text = dict.fromkeys(KEY[1:], "object")  # an empty side must not change the key's type
    table = earned.astype(text).merge(
        _spend_rows(spend_cells, earned, fallback, windowed).astype(text), on=KEY, how="outer"
    )
    table[["credit", "value"]] = table[["credit", "value"]].fillna(0.0)
    table["spend_note"] = _notes(table)
    # Half of a channel's cost over all of its credit, or the reverse, would be a number without a meaning.
    whole = table["spend"].where(~table["spend_note"].isin(["spend_without_campaign", "credit_without_campaign"]))
    table["cost_per_conversion"] = ratio(whole, table["credit"])
    is_first = table["conversion_type"] == ACQUISITION_TYPE
    table["customer_acquisition_cost"] = table["cost_per_conversion"].where(is_first)
    for column, of in (
        ("return_on_ad_spend", "value"),
        ("return_ci_low", "value_ci_low"),
        ("return_ci_high", "value_ci_high"),
    ):
        table[column] = ratio(table[of], whole)
    return table


def _spend_rows(
    spend_cells: pd.DataFrame, earned: pd.DataFrame, fallback: Sequence[str], windowed: Collection[str]
) -> pd.DataFrame:
    """Repeat spend for every (conversion_type, model) with credit, or `order` x `fallback` without any."""
    claimed = floats(spend_cells["platform_conversions"]) if "platform_conversions" in spend_cells else np.nan
    spend = spend_cells.assign(
        week=weeks(spend_cells["week"]), spend=floats(spend_cells["spend"]), platform_conversions=claimed
    )
    cell = spend.groupby(["week", "channel", "campaign"], dropna=False)[["spend", "platform_conversions"]]
    spend = cell.sum(min_count=1).reset_index()
    pairs = earned.groupby(["conversion_type", "model"], as_index=False).agg(since=("week", "min"))
    if pairs.empty:
        pairs = pd.DataFrame({"conversion_type": DEFAULT_CONVERSION_TYPE, "model": list(fallback), "since": pd.NaT})
    repeated = spend.merge(pairs, how="cross")
    spoken_of = ~repeated["model"].isin(list(windowed)) | (repeated["week"] >= repeated["since"])
    return repeated[spoken_of].drop(columns="since")


def _notes(table: pd.DataFrame) -> pd.Series:
    """Why cost per conversion is null, row by row; null where it is not."""
    named, spent, credited = table["campaign"].notna(), table["spend"].notna(), table["credit"] != 0

    def anywhere(rows: pd.Series) -> pd.Series:
        """Whether any row of the same week, type, model and channel is such a one."""
        return rows.groupby([table[name] for name in _GROUP]).transform("any")

    unsplit_credit = anywhere(credited & ~named)
    cases = {
        "no_spend_reported": ~spent & (~anywhere(spent) | (table["channel"] == UNATTRIBUTED)),
        "spend_without_campaign": (spent & ~named & anywhere(credited & named))
        | (~spent & named & anywhere(spent & ~named)),
        "credit_without_campaign": (~spent & ~named) | (spent & named & ~credited & unsplit_credit),
        "spend_of_other_campaigns": ~spent,
        "no_credit": ~credited,
    }
    notes = pd.Series(None, index=table.index, dtype="object")
    for note, holds in reversed(cases.items()):
        notes = notes.mask(holds, note)
    return notes
