"""Pain points: known answers of the score, and laws of what is judged, when, and what calls itself a signal."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.pain_points import pain_points, score
from journey_pipeline.pain_values import VALUE_WEEKS

VECTOR = Path(__file__).parent / "vectors" / "63_pain_points"
FIRST = pd.Timestamp("2026-01-05")
DAY = 86_400
AS_OF = datetime(2026, 9, 28)


def test_the_score_of_the_vector() -> None:
    given, expected = (pd.read_csv(VECTOR / f"{name}.csv") for name in ("input", "expected"))
    told = score(
        given["entered"],
        given["dropoff"],
        given["dropoff_reference"],
        given["dissatisfied"],
        given["dissatisfied_overall"],
        given["value_per_progress"],
    ).set_axis(given["step"])
    columns = ["excess_lost", "dissat_multiplier", "value_at_stake", "pain_score"]
    known = expected.set_index("step")[columns].reindex(given["step"])
    np.testing.assert_allclose(told.to_numpy(), known.to_numpy(), rtol=1e-9)
    hurts = told[told["pain_score"] > 0].sort_values("pain_score", ascending=False)
    assert list(hurts.index) == list(expected.dropna(subset="rank").sort_values("rank")["step"])


def cells(weeks: int = 36, sizes: dict[str, int] | None = None, drop: float = 0.3, seed: int = 1) -> pd.DataFrame:
    """Weekly purchases and how many of them did not begin, by channel and device, and nothing ever changes."""
    sizes = sizes or {"paid": 120, "email": 80, "direct": 200}
    random = np.random.default_rng(seed)
    rows = []
    for number in range(weeks):
        week = FIRST + pd.Timedelta(weeks=number)
        lost = {channel: random.binomial(n, drop) for channel, n in sizes.items()}
        members = [("entry_channel", channel, n, lost[channel]) for channel, n in sizes.items()]
        whole = (sum(sizes.values()), sum(lost.values()))
        mobile = whole[0] // 2
        lost_there = random.hypergeometric(whole[1], whole[0] - whole[1], mobile)
        members += [
            ("entry_device", "mobile", mobile, lost_there),
            ("entry_device", "desktop", whole[0] - mobile, whole[1] - lost_there),
            ("all", "all", *whole),
        ]
        rows += [(week, *member) for member in members]
    frame = pd.DataFrame(rows, columns=["week", "breakdown", "member", "entered", "dropped"])
    return frame.assign(
        kind="onboarding",
        step="onboarding",
        funnel=None,
        from_stage="purchase",
        to_stage="experience",
        to_number=np.nan,
        terminal_number=np.nan,
        window_seconds=7 * DAY,
        open=0,
    )


def broken(frame: pd.DataFrame, from_week: int = 20, more: int = 50) -> pd.DataFrame:
    """The same, and from one week on fifty more of those who came by paid do not begin."""
    hit = frame["week"] >= FIRST + pd.Timedelta(weeks=from_week)
    lost = frame.copy()
    lost.loc[hit & frame["member"].isin(["paid", "all"]), "dropped"] += more
    lost.loc[hit & (frame["breakdown"] == "entry_device"), "dropped"] += more // 2
    return lost


ANSWERS = pd.DataFrame(
    {
        "kind": "all",
        "step": "all",
        "week": pd.date_range(FIRST, periods=36, freq="7D"),
        "breakdown": "all",
        "member": "all",
        "answers": 40,
        "bad_answers": 8,
    }
)


def orders(weeks: int = 36) -> pd.DataFrame:
    """A hundred orders of fifty each a week, and some of those whose onboarding was judged, of both outcomes."""
    days = pd.date_range(FIRST, periods=weeks, freq="7D")
    sold = pd.DataFrame(
        {"step": "all", "week": days, "is_dropped": False, "lag_weeks": 0, "orders": 100, "revenue": 5000.0}
    )
    after = [("onboarding", day, lost, lag) for day in days for lost in (True, False) for lag in range(1, 14)]
    later = pd.DataFrame(after, columns=["step", "week", "is_dropped", "lag_weeks"]).assign(orders=4, revenue=200.0)
    return pd.concat([sold, later]).assign(squared_revenue=lambda rows: rows["revenue"] * 50)


def told(frame: pd.DataFrame, as_of: datetime = AS_OF) -> pd.DataFrame:
    return pain_points(frame, ANSWERS, orders(), as_of)


def test_a_broken_step_is_the_first_pain_point_of_the_week_after_and_names_the_channel() -> None:
    table = told(broken(cells()))
    week = table[table["cohort_week"] == FIRST + pd.Timedelta(weeks=20)].sort_values("rank")
    assert (week["week"] == FIRST + pd.Timedelta(weeks=21)).all()
    first = week.iloc[0]
    assert (first["breakdown"], first["member"], first["is_signal"]) == ("entry_channel", "paid", True)
    whole = week[week["breakdown"] == "all"].iloc[0]
    assert whole["explained_by"] == "entry_channel paid" and whole["rank"] > first["rank"]
    # Devices cut the same buyers another way; what other channels lose is their own.
    explained = week[week["explained_by"].notna()]
    assert set(explained["breakdown"]) <= {"all", "entry_device"}
    assert list(week["is_signal"]).count(True) >= 2 and week["rank"].dropna().is_unique


def test_no_cohort_is_judged_before_everybody_has_had_the_time() -> None:
    frame = cells()
    for as_of in (datetime(2026, 3, 30), datetime(2026, 4, 6)):
        table = told(frame, as_of)
        assert table["cohort_week"].max() == pd.Timestamp(as_of) - pd.Timedelta(days=14)
        assert (table["week"] + pd.Timedelta(days=7) <= pd.Timestamp(as_of)).all()
    frame.loc[frame["week"] == FIRST + pd.Timedelta(weeks=5), "open"] = 1
    assert FIRST + pd.Timedelta(weeks=5) not in set(told(frame)["cohort_week"])


def test_what_comes_later_changes_no_row() -> None:
    frame = broken(cells())
    early = told(frame, datetime(2026, 6, 29))
    late = told(frame)
    pd.testing.assert_frame_equal(early, late[late["week"] <= early["week"].max()].reset_index(drop=True))


def test_the_order_of_the_cells_changes_nothing() -> None:
    frame = broken(cells())
    shuffled = [part.sample(frac=1, random_state=3) for part in (frame, ANSWERS, orders())]
    pd.testing.assert_frame_equal(pain_points(*shuffled, AS_OF), told(frame))  # type: ignore[arg-type]


def test_less_than_usual_is_no_excess_and_has_no_rank() -> None:
    table = told(broken(cells()))
    judged = table[table["drop_reference"].notna()]
    assert (judged["excess"] >= 0).all() and (judged["value_at_stake"] >= 0).all()
    better = judged[judged["drop"] <= judged["drop_reference"]]
    assert len(better) > 20 and better["rank"].isna().all() and not better["is_signal"].any()
    assert (table["pain_score"][table["rank"].isna()] == 0).all()


def test_without_six_weeks_before_there_is_no_reference() -> None:
    table = told(cells())
    early = table["cohort_week"] < FIRST + pd.Timedelta(weeks=6)
    assert table.loc[early, "drop_reference"].isna().all() and table.loc[early, "rank"].isna().all()
    assert table.loc[~early, "drop_reference"].notna().all()


@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_quiet_weeks_raise_a_signal_in_no_more_than_one_of_twenty(spread: float) -> None:
    # Weeks that vary by more than chance as well: a share with a standard deviation of five points.
    random = np.random.default_rng(7)
    frame = cells(weeks=160, sizes={f"c{n}": 20 + 15 * n for n in range(8)})
    week_of = {week: np.clip(random.normal(0.3, spread), 0.05, 0.9) for week in frame["week"].unique()}
    channels = frame["breakdown"] == "entry_channel"
    rates = frame["week"].map(week_of)
    frame.loc[channels, "dropped"] = random.binomial(frame.loc[channels, "entered"], rates[channels])
    sums = frame[channels].groupby("week")["dropped"].sum()
    frame.loc[frame["breakdown"] == "all", "dropped"] = frame["week"].map(sums)
    frame = frame[frame["breakdown"] != "entry_device"]
    table = pain_points(frame, ANSWERS, orders(), datetime(2029, 6, 4))
    of_week = table[table["p_value"].notna()].groupby("week")["is_signal"].any()
    assert len(of_week) > 140 and of_week.mean() <= 0.05


def test_who_gets_through_is_worth_what_they_order_more_where_much_is_known() -> None:
    frame = cells(sizes={"one": 100_000})
    later = orders()
    after = later["step"] == "onboarding"
    entered = 100_000 * 13
    # Of the weekly 100,000 about 30 % are lost; who is not orders for 13 each in 13 weeks, who is for nothing.
    later.loc[after & ~later["is_dropped"], "revenue"] = 70_000.0
    later.loc[after & later["is_dropped"], "revenue"] = 0.0
    later["squared_revenue"] = later["revenue"]
    table = pain_points(frame, ANSWERS, later, AS_OF)
    last = table[table["week"] == table["week"].max()].iloc[0]
    assert last["value_per_progress"] == pytest.approx(70_000 * VALUE_WEEKS / (entered / 13 * 0.7), rel=0.02)
    # And never less than nothing, where who is lost orders more.
    later.loc[after, "revenue"] = later.loc[after, "is_dropped"].map({True: 70_000.0, False: 0.0}).to_numpy()
    assert (pain_points(frame, ANSWERS, later, AS_OF)["value_per_progress"] == 0).any()


def test_bad_answers_of_a_step_raise_its_pain_and_few_of_them_little() -> None:
    def with_answers(answers: int) -> pd.DataFrame:
        own = pd.DataFrame(
            {
                "kind": "onboarding",
                "step": "onboarding",
                "week": [FIRST + pd.Timedelta(weeks=20)],
                "breakdown": "all",
                "member": "all",
                "answers": answers,
                "bad_answers": answers,
            }
        )
        table = pain_points(broken(cells()), pd.concat([ANSWERS, own]), orders(), AS_OF)
        return table[(table["cohort_week"] == own["week"][0]) & (table["breakdown"] == "all")].iloc[0]

    # Thirty of twenty per cent stand behind the step's own answers.
    assert with_answers(2)["dissatisfied"] == pytest.approx((2 + 30 * 0.2) / 32)
    assert with_answers(70)["dissatisfied"] == pytest.approx((70 + 30 * 0.2) / 100)
    assert with_answers(70)["pain_score"] == pytest.approx(with_answers(70)["value_at_stake"] * (1 + 0.76 - 0.2))


def test_where_nothing_was_judged_the_table_is_there_and_typed() -> None:
    """A home with surveys alone has no steps, and a young one has none that had the time."""
    full = told(cells())
    young = told(cells(weeks=1), datetime.fromisoformat(str(FIRST.date())))
    for empty in (told(cells().iloc[:0]), young):
        assert len(empty) == 0 and list(empty) == list(full)
        kinds = [(one.dtypes[name].kind, name) for one in (empty, full) for name in full]
        assert kinds[: len(full.columns)] == kinds[len(full.columns) :]


def test_a_market_too_small_for_peers_has_none() -> None:
    assert told(cells(sizes={"paid": 9, "email": 8, "direct": 7}))["peer_reference"].isna().all()
