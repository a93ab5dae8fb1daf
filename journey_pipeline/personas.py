"""Personas: who they are by rule, what people say of them, and what the data says.

Holds: the released table `personas`, and the check that the file of personas and the rules speak of the same ones.
Add here: another property of a persona. Must not be here: who belongs to which (SQL in `journeys`, by `segment_rules`),
metrics of segments (`segments`), any I/O.
"""

import difflib

import pandas as pd

from journey_pipeline.conversion import floats, ratio, weeks

SET = "persona"
KEY = ["week", "persona"]
TOP_PAINS = 3
FLAG_WEEKS = 12
# A flag is a persona's pain when at least so many of its journeys were judged.
MIN_JUDGED = 30
WITHOUT_CHANNEL = ("none", "unknown")


class PersonaError(ValueError):
    """A line of personas.csv describes nobody; the text says which, what was expected and what to do."""


def check_personas(described: pd.DataFrame, rules: pd.DataFrame) -> None:
    """Raise PersonaError for a description without a rule, naming the rule that is called most like it."""
    known = sorted(rules.loc[rules["segment_set"] == SET, "segment"])
    for segment in sorted(set(described["segment"]) - set(known)):
        near = difflib.get_close_matches(segment, known, n=1, cutoff=0)
        raise PersonaError(
            f"personas.csv: segment is {segment!r}, expected one that segment_rules.csv defines in the set {SET}"
            f"{f', as {near[0]!r}' if near else ''}; rename the line or add the rule"
        )


def personas(
    metrics: pd.DataFrame,
    channels: pd.DataFrame,
    flags: pd.DataFrame,
    described: pd.DataFrame,
    rules: pd.DataFrame,
    min_people: int = 5,
) -> pd.DataFrame:
    """Released table `personas`: one row per week of segment metrics and persona.

    What was never described stays empty; `top_pains` are the flags that hold for a greater share of the persona's
    journeys of twelve weeks than of all journeys, the greatest difference first. How fewer than `min_people` customers
    came is not told.
    """
    check_personas(described, rules)
    own = metrics[metrics["segment_set"] == SET].assign(week=weeks(metrics["week"]))
    table = _wide(own)
    for frame in (described, rules):
        table = _in_force(table, frame if frame is described else frame[frame["segment_set"] == SET])
    table = table.merge(_favourites(channels, min_people), on=KEY, how="left")
    stated = table["preferred_channel"].replace("", None)
    table["preferred_channel_by"] = pd.Series("people", table.index).where(
        stated.notna(), table["channel"].notna().map({True: "data", False: None})
    )
    table["preferred_channel"] = stated.where(stated.notna(), table["channel"])
    pains = _pains(flags, table[KEY])
    table["top_pains"] = [pains.get((row.week, row.persona), "") for row in table.itertuples(index=False)]
    return table.sort_values(KEY, ignore_index=True)


def _wide(own: pd.DataFrame) -> pd.DataFrame:
    """Customers, share, revenue and NPS of each week and persona side by side."""
    own = own.rename(columns={"segment": "persona"})
    table = own.loc[own["metric"] == "customer_share", [*KEY, "numerator", "value"]]
    table = table.rename(columns={"numerator": "customers", "value": "share"})
    for metric, name in (("revenue_per_customer", "revenue_per_customer"), ("nps", "nps")):
        values = own.loc[own["metric"] == metric, [*KEY, "value", "ci_low", "ci_high"]]
        names = {"value": name, "ci_low": f"{name}_low", "ci_high": f"{name}_high"}
        table = table.merge(values.rename(columns=names), on=KEY, how="left")
    return table


def _in_force(table: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Each row with the line of its persona that holds in its week."""
    lines = lines.rename(columns={"segment": "persona"}).drop(columns=["segment_set", "position"], errors="ignore")
    same = lines["persona"].astype(table["persona"].dtype)
    lines = lines.assign(persona=same, valid_from=weeks(lines["valid_from"])).sort_values("valid_from")
    found = pd.merge_asof(
        table.sort_values("week"), lines, left_on="week", right_on="valid_from", by="persona", direction="backward"
    )
    return found.drop(columns="valid_from")


def _favourites(channels: pd.DataFrame, min_people: int) -> pd.DataFrame:
    """The channel by which most of a persona's customers come, with their share of those who come by any."""
    told = channels[~channels["channel"].isin(WITHOUT_CHANNEL)].assign(week=weeks(channels["week"]))
    told["whole"] = told.groupby(KEY)["customers"].transform("sum")
    told = told[told["whole"] >= min_people]
    first = told.sort_values([*KEY, "customers", "channel"], ascending=[True, True, False, True]).drop_duplicates(KEY)
    return first.assign(channel_share=ratio(floats(first["customers"]), floats(first["whole"])))[
        [*KEY, "channel", "channel_share"]
    ]


def _pains(flags: pd.DataFrame, rows: pd.DataFrame) -> dict[tuple[object, ...], str]:
    flags = flags.assign(week=weeks(flags["week"]))
    found: dict[tuple[object, ...], str] = {}
    for week in rows["week"].unique():
        recent = flags[(flags["week"] <= week) & (flags["week"] > week - pd.Timedelta(weeks=FLAG_WEEKS))]
        sums = recent.groupby(["persona", "flag"], as_index=False)[["judged", "flagged"]].sum()
        everybody = sums.groupby("flag")[["judged", "flagged"]].transform("sum")
        sums["above"] = ratio(floats(sums["flagged"]), floats(sums["judged"])) - ratio(
            floats(everybody["flagged"]), floats(everybody["judged"])
        )
        worse = sums[(sums["above"] > 0) & (sums["judged"] >= MIN_JUDGED)].sort_values(
            ["persona", "above", "flag"], ascending=[True, False, True]
        )
        for persona, own in worse.groupby("persona", sort=True):
            found[(week, persona)] = ", ".join(own["flag"].head(TOP_PAINS))
    return found
