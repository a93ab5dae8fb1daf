"""Flags, onboarding, support, themes and personas in numbers: known answers and what must never be counted."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.comments import comment_themes
from journey_pipeline.conversion import compare_rates, wilson_interval
from journey_pipeline.journey_health import contact_reasons, onboarding, pain_flags, support_effort
from journey_pipeline.personas import PersonaError, personas

WEEK = pd.Timestamp("2026-06-01")
AS_OF = datetime(2026, 11, 16)
HOUR = 3600


def flag_cells(weeks: int = 1) -> pd.DataFrame:
    counts = [(True, 40, 10, 20, 5), (False, 160, 80, 60, 45), (None, 300, 0, 0, 0)]
    rows = [
        (WEEK + pd.Timedelta(weeks=n), "long_cycle", *row[:1], "purchase", *row[1:])
        for n in range(weeks)
        for row in counts
    ]
    columns = ["week", "flag", "is_flagged", "outcome", "journeys", "converted", "csat_answers", "positives"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(is_flagged=frame["is_flagged"].astype("boolean"))


def test_who_cannot_be_judged_is_in_no_share() -> None:
    row = pain_flags(flag_cells(), AS_OF).iloc[0]
    assert (row["flagged"], row["judged"], row["not_judged"], row["share"]) == (40, 200, 300, 0.2)
    assert (row["ci_low"], row["ci_high"]) == tuple(end.item() for end in wilson_interval(40, 200))


def test_the_gap_is_that_of_twelve_weeks_and_has_its_interval() -> None:
    row = pain_flags(flag_cells(weeks=15), AS_OF).iloc[-1]
    known = compare_rates(80 * 12, 160 * 12, 10 * 12, 40 * 12).iloc[0]
    found = row[["conversion_gap", "conversion_gap_low", "conversion_gap_high", "conversion_p_value"]]
    expected = known[["difference", "difference_low", "difference_high", "p_value"]]
    np.testing.assert_allclose(found.to_numpy(float), expected.to_numpy(float), rtol=1e-12)
    assert (row["recent_flagged"], row["recent_judged"]) == (480, 2400)
    assert row["csat_gap"] == pytest.approx(5 / 20 - 45 / 60)


def onboarding_cells(as_of_days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ten bought on the last day of the week: four began after a day, two after ten days, the others never."""
    age = as_of_days
    early, late = (4 if age >= 1 else 0), (2 if age >= 10 else 0)
    cells = {
        "week": [WEEK], "breakdown": "all", "member": "all", "purchasers": 10, "activated_7d": early,
        "open_7d": 10 - early if age < 7 else 0, "activated_14d": early + (late if age <= 14 or late else 0),
        "open_14d": 10 - early - late if age < 14 else 0, "followed_up": 3, "open_follow_up": 7 if age < 14 else 0,
    }  # fmt: skip
    lags = [(True, 24, early), (True, 240, late), (False, 24 * age, 10 - early - late)]
    lag_cells = pd.DataFrame([row for row in lags if row[2]], columns=["is_moved", "hours", "purchases"])
    return pd.DataFrame(cells), lag_cells.assign(week=WEEK, breakdown="all", member="all")


@pytest.mark.parametrize(
    ("days", "as_of", "rate_7d", "rate_14d", "follow_up"),
    [
        (1, datetime(2026, 6, 8), None, None, None),
        (8, datetime(2026, 6, 15), 0.4, None, None),
        (15, datetime(2026, 6, 22), 0.4, 0.6, 0.3),
    ],
)
def test_who_may_still_begin_is_not_called_lost(
    days: int, as_of: datetime, rate_7d: float | None, rate_14d: float | None, follow_up: float | None
) -> None:
    row = onboarding(*onboarding_cells(days), as_of).iloc[0]
    told = [None if pd.isna(row[name]) else row[name] for name in ("rate_7d", "rate_14d", "follow_up_rate")]
    assert told == [rate_7d, rate_14d, follow_up]


def test_the_median_time_to_value_counts_who_is_still_waiting() -> None:
    # 4 of 10 after a day, 6 of 10 after ten: half of them by the tenth day, where nobody has been lost from sight.
    assert onboarding(*onboarding_cells(15), datetime(2026, 6, 22)).iloc[0]["median_value_seconds"] == 240 * HOUR
    assert np.isnan(onboarding(*onboarding_cells(8), datetime(2026, 6, 15)).iloc[0]["median_value_seconds"])


def support_cells(**given: object) -> pd.DataFrame:
    usual: dict[str, object] = {
        "week": WEEK, "stage": "purchase", "source": "zendesk", "contacts": 10, "customers": 9, "replied": 10,
        "reply_clock": "calendar", "reply_clocks": 1, "reply_median_seconds": 100.0, "reply_p90_seconds": 900.0,
        "resolved": 6, "reopens_told": 10, "reopened": 2, "missed": 3, "open": 2, "active_customers": 50, "orders": 40,
    }  # fmt: skip
    return pd.DataFrame([usual | given])


LAGS = pd.DataFrame(
    [(True, 10, 4), (True, 20, 2), (False, 15, 2), (False, 30, 2)], columns=["is_moved", "hours", "contacts"]
).assign(week=WEEK, stage="purchase", source="zendesk")


def test_support_is_told_with_open_cases_at_the_time_they_have_waited() -> None:
    row = support_effort(support_cells(), LAGS, AS_OF).iloc[0]
    # S(10) = 6/10; at 20 hours four are left and two move: S = 6/10 x 2/4 = 0.3, below one half.
    assert row["resolution_median_seconds"] == 20 * HOUR and np.isnan(row["resolution_p90_seconds"])
    assert row["contacts_per_active_customer"] == 0.2 and row["contacts_per_100_orders"] == 25
    assert row["reopened_share"] == 0.2 and row["missed_share"] == 3 / 8 and not row["is_mature"]


@pytest.mark.parametrize(
    ("given", "empty", "told"),
    [
        ({"reply_clocks": 0}, "reply_median_seconds", "the export tells of no replies"),
        ({"reply_clocks": 2}, "reply_p90_seconds", "different clocks"),
        ({"reopens_told": 0, "reopened": 0}, "reopened_share", "no reopenings are told"),
    ],
)
def test_what_an_export_does_not_tell_is_empty_and_says_why(given: dict[str, object], empty: str, told: str) -> None:
    row = support_effort(support_cells(**given), LAGS, AS_OF).iloc[0]
    assert np.isnan(row[empty]) and told in row["not_told"]


def test_a_reason_of_few_cases_is_not_told_by_name() -> None:
    cells = pd.DataFrame(
        [
            (WEEK, "zendesk", "delivery", 6, 10),
            (WEEK, "zendesk", "mister_smith", 1, 10),
            (WEEK, "zendesk", "not_told", 3, 10),
        ],
        columns=["week", "source", "reason", "contacts", "all_contacts"],
    )
    table = contact_reasons(cells)
    assert table[["reason", "contacts", "rank"]].to_numpy().tolist() == [
        ["delivery", 6, 1], ["not_told", 3, 2], ["other", 1, 3]
    ]  # fmt: skip
    np.testing.assert_allclose(table["cumulative_share"], [0.6, 0.9, 1])


def theme_cells() -> pd.DataFrame:
    rows = [("delivery", 6, 3, 3.0), ("price", 4, 4, 0.4), ("none", 10, 1, 9.0), ("all", 18, 6, 12.0)]
    frames = [
        pd.DataFrame(rows, columns=["theme", "answers", "bad_answers", "score_share_sum"]).assign(week=week)
        for week in (WEEK, WEEK + pd.Timedelta(weeks=1))
    ]
    return pd.concat(frames).assign(family="feedback", instrument="NPS")


def test_a_theme_of_few_comments_is_withheld_until_a_quarter_has_enough() -> None:
    table = comment_themes(theme_cells()).set_index(["week", "weeks", "theme"])
    first, second = table.loc[(WEEK, 1)], table.loc[(WEEK + pd.Timedelta(weeks=1), 13)]
    assert (
        first.loc["price", "is_withheld"] and first.loc["price", ["comments", "share", "negative_share"]].isna().all()
    )
    assert (second.loc["price", "comments"], second.loc["price", "negative_share"]) == (8, 1.0)
    # Of the eight with words, two have both themes.
    assert first.loc["delivery", "share"] == 6 / 8 and first.loc["none", "share"] == 10 / 18
    assert (first.loc["all", "comments"], first.loc["all", "negative_share"]) == (8, 5 / 8)


def persona_tables(described: list[str]) -> list[pd.DataFrame]:
    metrics = pd.DataFrame(
        [
            (WEEK, "persona", "quiet_buyer", "customer_share", 30.0, 0.3, 0.2, 0.4),
            (WEEK, "persona", "quiet_buyer", "nps", 10.0, 25.0, -5.0, 55.0),
            (WEEK, "rfm", "loyal", "customer_share", 12.0, 0.1, 0.0, 0.2),
        ],
        columns=["week", "segment_set", "segment", "metric", "numerator", "value", "ci_low", "ci_high"],
    )
    channels = pd.DataFrame(
        [(WEEK, "quiet_buyer", "email", 6), (WEEK, "quiet_buyer", "direct", 4), (WEEK, "quiet_buyer", "none", 20)],
        columns=["week", "persona", "channel", "customers"],
    )
    flags = pd.DataFrame(
        [
            (WEEK, "quiet_buyer", "no_follow_up", 40, 30), (WEEK, "other", "no_follow_up", 60, 20),
            (WEEK, "quiet_buyer", "long_cycle", 40, 1), (WEEK, "other", "long_cycle", 60, 20),
            (WEEK, "quiet_buyer", "repeated_contact", 4, 4), (WEEK, "other", "repeated_contact", 60, 0),
        ],
        columns=["week", "persona", "flag", "judged", "flagged"],
    )  # fmt: skip
    seeds = pd.DataFrame({"segment": described, "title": described, "goals": "g", "pains_in_words": "p"})
    seeds = seeds.assign(preferred_channel=None, valid_from=pd.Timestamp("2015-01-01"))
    rules = pd.DataFrame(
        {"segment_set": ["persona"], "position": 1, "segment": "quiet_buyer", "rule": "true", "description": "d"}
    )
    return [metrics, channels, flags, seeds, rules.assign(valid_from=pd.Timestamp("2015-01-01"))]


def test_a_persona_is_told_by_rule_people_and_data() -> None:
    row = personas(*persona_tables(["quiet_buyer"])).iloc[0]
    assert (row["customers"], row["nps"], row["rule"], row["goals"]) == (30, 25, "true", "g")
    assert (row["preferred_channel"], row["preferred_channel_by"], row["channel_share"]) == ("email", "data", 0.6)
    # Rarer than elsewhere is no pain, and four journeys tell nothing.
    assert row["top_pains"] == "no_follow_up"


def test_how_a_handful_of_a_persona_came_is_not_told() -> None:
    metrics, channels, *others = persona_tables(["quiet_buyer"])
    few = channels.assign(customers=[3, 1, 20])
    row = personas(metrics, few, *others).iloc[0]
    assert row[["preferred_channel", "preferred_channel_by", "channel_share"]].isna().all()
    assert personas(metrics, channels.assign(customers=[3, 2, 20]), *others).iloc[0]["channel_share"] == 0.6


def test_what_people_know_of_a_channel_comes_before_the_data() -> None:
    tables = persona_tables(["quiet_buyer"])
    tables[3]["preferred_channel"] = "sms"
    row = personas(*tables).iloc[0]
    assert (row["preferred_channel"], row["preferred_channel_by"]) == ("sms", "people")


def test_a_description_of_nobody_names_the_nearest_rule() -> None:
    with pytest.raises(PersonaError, match=r"'quiet_byer'.*expected.*'quiet_buyer'"):
        personas(*persona_tables(["quiet_buyer", "quiet_byer"]))


def test_a_persona_nobody_described_is_told_without_words() -> None:
    row = personas(*persona_tables([])).iloc[0]
    assert row["customers"] == 30 and pd.isna(row["title"])
