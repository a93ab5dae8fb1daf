"""The tables of change: which weeks are compared, what the comparison says, and what it may not claim."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey_pipeline import change, signals
from journey_pipeline.conversion import compare_rates, lift_interval

FIRST = date(2026, 1, 5)
START = date(2026, 4, 13)  # fourteen weeks later
WINDOW = 14 * 86400
LATE = datetime(2028, 1, 3)
METRIC = "journey:awareness->purchase"
TARGETS = pd.DataFrame({"kpi": ["journey_conversion"] * 2, "target_set": ["mvp", "excellence"], "target": [0.15, 0.3]})
NOTHING = pd.DataFrame(columns=["metric", "breakdown", "member", "version", "entered", "converted", "weeks"])

Cell = tuple[int, int]


def stage_cells(weeks: list[dict[str, Cell]], first: date = FIRST, **columns: Any) -> pd.DataFrame:
    """Cells of one transition: for every week the (entered, converted) of each member of the mix, and their sum."""
    rows = []
    for number, members in enumerate(weeks):
        sums = tuple(sum(cell[i] for cell in members.values()) for i in (0, 1))
        for breakdown, member, cell in [
            ("all", "all", sums),
            *(("entry_mix", name, cell) for name, cell in members.items()),
        ]:
            rows.append((first + timedelta(weeks=number), breakdown, member, *cell))
    frame = pd.DataFrame(rows, columns=["week", "breakdown", "member", "entered", "converted"])
    of = {
        "view": "cohort",
        "funnel": "journey",
        "mode": "reached",
        "is_default_mode": True,
        "from_stage": "awareness",
        "to_stage": "purchase",
    }
    return frame.assign(**{**of, "window_seconds": WINDOW, **columns})


def steady(count: int, paid: Cell = (400, 40), direct: Cell = (600, 90)) -> list[dict[str, Cell]]:
    return [{"paid": paid, "direct": direct} for _ in range(count)]


def frozen(cells: pd.DataFrame, version: str = "1-abcdef01") -> pd.DataFrame:
    counted = change.baseline_counts(change.mature_cohorts(cells, LATE), START, LATE)
    return counted.assign(version=version)


def signalled(cells: pd.DataFrame, baselines: pd.DataFrame | None = None, as_of: datetime = LATE) -> pd.DataFrame:
    known = frozen(cells) if baselines is None else baselines
    return change.weekly_signals(cells, known, TARGETS, as_of, START).set_index("week")


def week(number: int) -> pd.Timestamp:
    return pd.Timestamp(FIRST + timedelta(weeks=number))


# --- which cells --------------------------------------------------------------------------------------------------


def test_only_mature_cohorts_of_the_main_funnel_are_compared() -> None:
    cells = stage_cells(steady(6))
    others = [
        cells.assign(view="flow"),
        cells.assign(funnel="support"),
        cells.assign(mode="strict", is_default_mode=False),
    ]
    # Week 3 is over on 02-02 and has had its 14 days on 02-16.
    found = change.mature_cohorts(pd.concat([cells, *others]), datetime(2026, 2, 16))
    assert sorted(found["week"].unique()) == [week(n) for n in range(4)]
    assert set(found["metric"]) == {METRIC}
    assert len(found) == 4 * 3


def test_members_that_do_not_add_up_or_have_no_name_are_refused() -> None:
    cells = stage_cells(steady(3))
    with pytest.raises(ValueError, match="1 breakdowns of a week do not add up"):
        change.mature_cohorts(cells.drop(index=1), LATE)
    with pytest.raises(ValueError, match="3 cells have no member"):
        change.mature_cohorts(cells.assign(member=cells["member"].replace("paid", None)), LATE)
    with pytest.raises(ValueError, match="repeat the key"):
        change.mature_cohorts(pd.concat([cells, cells]), LATE)


# --- change explained ---------------------------------------------------------------------------------------------


def test_a_week_is_explained_against_the_mature_week_before() -> None:
    """The mix vector, as two weeks."""
    weeks = [{"desktop": (8000, 480), "mobile": (2000, 40)}, {"desktop": (4000, 260), "mobile": (6000, 132)}]
    table = change.change_explained(stage_cells(weeks), LATE).set_index("member")
    assert list(table.index) == ["all", "desktop", "mobile"]
    assert set(table["previous_week"]) == {week(0)} and set(table["week"]) == {week(1)}
    assert table.loc["all", ["rate0", "rate1", "rate_effect", "mix_effect", "change"]].tolist() == pytest.approx(
        [0.052, 0.0392, 0.0038, -0.0166, -0.0128]
    )
    assert table.loc["desktop", ["rate_effect", "mix_effect"]].tolist() == pytest.approx([0.003, -0.025])
    assert bool(table.loc["all", "is_simpson"]) is True
    assert table.loc[["desktop", "mobile"], "is_simpson"].isna().all()


def test_a_week_nobody_entered_in_is_passed_over() -> None:
    weeks = [{"paid": (100, 10)}, {"paid": (0, 0)}, {"paid": (100, 20)}]
    table = change.change_explained(stage_cells(weeks), LATE)
    assert set(zip(table["week"], table["previous_week"], strict=True)) == {(week(2), week(0))}


cell = st.tuples(st.integers(0, 400), st.floats(0, 1)).map(lambda pair: (pair[0], round(pair[0] * pair[1])))


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "other", "all"]), cell, min_size=1), max_size=5))
def test_contributions_sum_to_the_change_of_the_published_rate(weeks: list[dict[str, Cell]]) -> None:
    cells = stage_cells(weeks, first=FIRST) if weeks else stage_cells([{"a": (0, 0)}])
    table = change.change_explained(cells, LATE)
    whole = cells[(cells["breakdown"] == "all") & (cells["entered"] > 0)].set_index("week")
    rates = whole["converted"] / whole["entered"]
    totals = table[table["member"] == "all"]
    assert len(totals) == max(len(rates) - 1, 0)
    members = table[table["member"] != "all"].groupby("week")[["rate_effect", "mix_effect", "change"]].sum()
    for (_, total), expected in zip(totals.iterrows(), rates.diff().iloc[1:], strict=True):
        found = members.loc[total["week"]]
        assert abs(total["change"] - expected) < 1e-9
        assert abs(total["rate_effect"] + total["mix_effect"] - expected) < 1e-9
        assert abs(found["change"] - expected) < 1e-9
        assert abs(found["rate_effect"] - total["rate_effect"]) < 1e-9


# --- week over week -----------------------------------------------------------------------------------------------


def test_a_jump_is_a_signal_only_after_twelve_mature_weeks() -> None:
    generator = np.random.default_rng(1)
    weeks = [{"paid": (1000, int(k))} for k in generator.binomial(1000, 0.1, 16)]
    weeks[11] = weeks[15] = {"paid": (1000, 190)}
    table = signalled(stage_cells(weeks))
    assert table.loc[week(11), "signal"] == "not_enough_weeks"
    assert np.isnan(table.loc[week(11), "ucl"])
    assert table.loc[week(15), "signal"] == "high"
    limits = signals.laney_limits([1000] * 12, [w["paid"][1] for w in weeks[3:15]], 1000)
    assert table.loc[week(15), ["centre", "sigma_z", "lcl", "ucl"]].tolist() == pytest.approx(
        [limits.centre, limits.sigma_z, float(limits.low), float(limits.high)]
    )


def test_a_later_week_never_moves_what_was_said_of_an_earlier_one() -> None:
    generator = np.random.default_rng(2)
    weeks = [{"paid": (500, int(k)), "direct": (300, 30)} for k in generator.binomial(500, 0.1, 30)]
    cells = stage_cells(weeks)
    baselines = frozen(cells)
    early = signalled(cells, baselines, as_of=datetime(2026, 6, 15))
    late = signalled(cells, baselines)
    assert 0 < len(early) < len(late)
    pd.testing.assert_frame_equal(early, late.loc[early.index])


def test_the_plain_test_stands_beside_the_limits() -> None:
    table = signalled(stage_cells([{"paid": (2000, 100)}, {"paid": (2000, 150)}]))
    expected = compare_rates(100, 2000, 150, 2000).iloc[0]
    for name in ("difference", "difference_low", "difference_high", "z_score", "p_value"):
        assert table.loc[week(1), name] == pytest.approx(expected[name]), name
        assert np.isnan(table.loc[week(0), name]), name
    assert table.loc[week(1), "previous_rate"] == 0.05
    assert table.loc[week(1), "q_value"] == table.loc[week(1), "p_value"]


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_weeks_in_which_nobody_converted_have_nothing_before_them_or_no_baseline_are_told() -> None:
    table = signalled(stage_cells([{"paid": (100, 0)}] * 3, first=START))
    assert table["difference"].isna().tolist() == [True, False, False]
    assert (table["rate"] == 0).all() and table["lift"].isna().all()


def test_small_weeks_have_no_p_value_and_raise_no_signal() -> None:
    weeks = [*steady(12), {"paid": (29, 29)}]
    row = signalled(stage_cells(weeks)).loc[week(12)]
    assert bool(row["is_small_sample"]) is True
    assert np.isnan(row["p_value"]) and row["signal"] == "none" and row["rate"] > row["ucl"]


def test_q_values_are_adjusted_over_the_metrics_of_one_week() -> None:
    one = [{"paid": (2000, 100)}, {"paid": (2000, 150)}]
    two = [{"paid": (2000, 100)}, {"paid": (2000, 118)}]
    cells = pd.concat([stage_cells(one), stage_cells(two, to_stage="advocacy")])
    last = change.weekly_signals(cells, NOTHING, TARGETS, LATE, START).query("week == @week(1)").set_index("metric")
    small, large = last["p_value"].sort_values()
    assert last["q_value"].sort_values().tolist() == pytest.approx([2 * small, large])


# --- against the baseline -----------------------------------------------------------------------------------------


def test_the_baseline_is_the_twelve_mature_weeks_before_the_programme() -> None:
    cells = stage_cells([{"paid": (100 + n, 10)} for n in range(16)])
    counted = change.baseline_counts(change.mature_cohorts(cells, LATE), START, LATE).query("breakdown == 'all'")
    assert counted[["entered", "converted", "weeks"]].iloc[0].tolist() == [sum(range(102, 114)), 120, 12]
    ready = datetime(2026, 4, 27)  # the last of them has had its 14 days
    for as_of, rows in ((ready, 2), (ready - timedelta(days=1), 0)):
        assert len(change.baseline_counts(change.mature_cohorts(cells, as_of), START, as_of)) == rows


def test_a_baseline_keeps_no_member_that_nothing_is_compared_by() -> None:
    cells = stage_cells(steady(16))
    campaigns = cells[cells["breakdown"] == "entry_mix"].assign(breakdown="entry_campaign")
    counted = change.baseline_counts(change.mature_cohorts(pd.concat([cells, campaigns]), LATE), START, LATE)
    assert set(counted["breakdown"]) == {"all", "entry_mix"}


def test_the_current_window_is_four_weeks_of_the_programme() -> None:
    table = signalled(stage_cells([*steady(14), *steady(6, paid=(400, 60))]))
    assert table.loc[[week(13), week(14), week(16), week(17), week(19)], "current_weeks"].fillna(0).tolist() == [
        0, 1, 3, 4, 4,
    ]  # fmt: skip
    row = table.loc[week(19)]
    assert row[["current_entered", "current_converted"]].tolist() == [4000, 600]
    assert row[["baseline_entered", "baseline_converted", "baseline_weeks"]].tolist() == [12000, 1560, 12]
    raw = lift_interval(1560, 12000, 600, 4000)[:3]
    assert row[["raw_lift", "raw_lift_low", "raw_lift_high"]].tolist() == pytest.approx([float(end) for end in raw])


def test_a_shift_of_mix_is_no_improvement() -> None:
    """More of the channel that converts better: the rate rises by 8 %, nobody converts better."""
    weeks = [*steady(14), *steady(4, paid=(200, 20), direct=(800, 120))]
    row = signalled(stage_cells(weeks)).loc[week(17)]
    assert row["raw_lift"] == pytest.approx(0.14 / 0.13 - 1)
    assert row["mix_adjusted_lift"] == pytest.approx(0, abs=1e-12)
    assert row["estimate_kind"] == "mix_adjusted" and row["lift"] == row["mix_adjusted_lift"]
    assert row["evidence"] == "adjusted_before_after"
    assert row["status"] == "inconclusive"


def test_a_baseline_is_compared_by_the_members_it_was_frozen_with() -> None:
    """Channels of one kind, then of another; devices stay what they were."""
    by_mix = stage_cells([*steady(14), *steady(4, paid=(200, 20), direct=(800, 120))])
    devices = {"mobile": (400, 52), "desktop": (600, 78)}
    by_device = stage_cells([devices] * 14 + [{"mobile": (400, 56), "desktop": (600, 84)}] * 4)
    by_device = by_device[by_device["breakdown"] != "all"].assign(breakdown="entry_device")
    cells = pd.concat([by_mix, by_device])
    known = frozen(by_mix)
    in_the_past = known[known["breakdown"] == "all"]
    members = by_device[by_device["week"].between(date(2026, 1, 19), date(2026, 4, 6))]
    members = members.groupby(["breakdown", "member"], as_index=False)[["entered", "converted"]].sum()
    in_the_past = pd.concat([in_the_past, members.assign(metric=METRIC, version="1-abcdef01", weeks=12)])
    assert signalled(cells, known).loc[week(17), "mix_adjusted_lift"] == pytest.approx(0, abs=1e-12)
    assert signalled(cells, in_the_past).loc[week(17), "mix_adjusted_lift"] == pytest.approx(0.14 / 0.13 - 1)


def test_a_mix_of_one_member_adjusts_nothing_and_claims_nothing() -> None:
    """All members but one are too small to judge and are pooled: raw is raw."""
    weeks = [{"paid": (29, 3), "direct": (1000, 100)} for _ in range(13)] + [{"paid": (29, 3), "direct": (20, 3)}] * 3
    row = signalled(stage_cells(weeks, first=START - timedelta(weeks=15))).iloc[-1]
    assert row["current_entered"] == 49 and np.isnan(row["mix_adjusted_lift"])
    assert (row["estimate_kind"], row["evidence"]) == ("raw", "raw_before_after")
    assert row["lift"] == row["raw_lift"]


def test_restated_history_moves_the_restated_rate_alone() -> None:
    cells = stage_cells([*steady(14), *steady(4)])
    known = frozen(cells)
    restated = stage_cells([*steady(14, paid=(400, 80)), *steady(4)])
    row = signalled(restated, known).loc[week(17)]
    assert row["baseline_rate"] == pytest.approx(0.13)
    assert row["baseline_restated_rate"] == pytest.approx(0.17)
    assert row["baseline_version"] == "1-abcdef01"
    assert row["raw_lift"] == pytest.approx(0, abs=1e-12)


def test_a_short_baseline_is_told_and_none_has_a_reason() -> None:
    short = signalled(stage_cells(steady(7), first=START - timedelta(weeks=3)))
    assert (
        short["baseline_note"].tolist()
        == ["the week lies before the programme"] * 3 + ["only 3 of 12 weeks have entrants"] * 4
    )
    assert (short["baseline_weeks"].dropna() == 3).all() and short["lift"].notna().sum() == 4
    none = signalled(stage_cells(steady(4), first=START))
    assert set(none["baseline_note"]) == {"nobody entered in the weeks before the programme"}
    assert none[["lift", "baseline_version", "evidence", "estimate_kind", "required_n"]].isna().all(axis=None)
    assert set(none["status"]) == {"no_baseline"}
    assert none["rate"].notna().all()


def test_status_and_sample_size_follow_the_target() -> None:
    table = signalled(
        stage_cells([*steady(14, (40000, 4000), (60000, 9000)), *steady(4, (40000, 6000), (60000, 13500))])
    )
    row = table.loc[week(17)]
    assert row["lift"] == pytest.approx(0.5)
    assert (row["status"], row["target"]) == ("achieved", 0.15)
    assert row["required_n"] == float(signals.required_n(0.13, 0.15))


# --- the season ---------------------------------------------------------------------------------------------------


def season(count: int, lift: float, start: date = START) -> pd.DataFrame:
    """Weeks up to the fourth of the programme, half as good again in the same weeks of every year."""
    first = start - timedelta(weeks=count - 4)
    weeks = []
    for number in range(count):
        day = first + timedelta(weeks=number)
        rate = 0.1 + 0.05 * np.sin(2 * np.pi * (day - date(2024, 1, 1)).days / 364)
        weeks.append({"paid": (20000, round(20000 * rate * (1 + lift * (day >= start))))})
    return stage_cells(weeks, first=first)


def test_the_season_is_taken_out_from_sixty_eight_weeks_on() -> None:
    """Four weeks of the programme, twelve before, the same a year earlier."""
    row = signalled(season(68, 0.2)).iloc[-1]
    assert row["seasonal_lift"] == pytest.approx(0.2, abs=1e-3)
    assert abs(row["raw_lift"] - 0.2) > 0.05
    assert (row["estimate_kind"], row["evidence"]) == ("seasonal_ratio", "adjusted_before_after")
    assert "parallel" in row["estimate_note"]
    short = signalled(season(67, 0.2)).iloc[-1]
    assert np.isnan(short["seasonal_lift"]) and short["estimate_kind"] == "raw"
    assert short["estimate_note"] is None


def test_two_years_are_modelled() -> None:
    row = signalled(season(116, 0.2)).iloc[-1]
    assert row["estimate_kind"] == "seasonal_model"
    assert row["seasonal_lift_low"] < 0.2 < row["seasonal_lift_high"]


def test_a_year_old_programme_is_not_its_own_season() -> None:
    """56 weeks into the programme, last year's current weeks are the programme's: no ratio from them."""
    first = START - timedelta(weeks=20)
    cells = stage_cells([*steady(20), *steady(56, paid=(400, 60))], first=first)
    row = signalled(cells).iloc[-1]
    assert np.isnan(row["seasonal_lift"]) and row["estimate_kind"] == "mix_adjusted"
    assert row["lift"] == pytest.approx((60 / 40 * 0.04 + 0.09) / 0.13 - 1)


# --- nothing to say -----------------------------------------------------------------------------------------------


def test_no_mature_week_gives_empty_tables_of_the_same_kind() -> None:
    cells = stage_cells(steady(2))
    empty = change.weekly_signals(cells, NOTHING, TARGETS, datetime(2026, 1, 19), START)
    assert empty.empty and list(empty.columns) == change.SIGNAL_COLUMNS
    assert {str(empty[name].dtype) for name in ("week", "previous_week")} == {"datetime64[us]"}
    explained = change.change_explained(cells, datetime(2026, 1, 19))
    assert explained.empty and list(explained.columns) == change.EXPLAINED_COLUMNS
    assert {str(explained[name].dtype) for name in ("week", "previous_week")} == {"datetime64[us]"}
