"""Signals against known answers, and the laws a decomposition and a lift must keep."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline import signals
from journey_pipeline.conversion import lift_interval

VECTORS = Path(__file__).parent / "vectors"
EXACT = {"rtol": 1e-9, "atol": 1e-12}


# --- control limits -----------------------------------------------------------------------------------------------


def test_laney_vector() -> None:
    weeks = pd.read_csv(VECTORS / "04_laney_p_chart/input.csv")
    expected = pd.read_csv(VECTORS / "04_laney_p_chart/expected.csv")
    size = json.loads((VECTORS / "04_laney_p_chart/params.json").read_text())["baseline_weeks"]
    limits = signals.laney_limits(weeks["n"][:size], weeks["k"][:size], weeks["n"])
    np.testing.assert_allclose(limits.low, expected["lcl"], **EXACT)
    np.testing.assert_allclose(limits.high, expected["ucl"], **EXACT)
    np.testing.assert_allclose([limits.centre] * 9, expected["centre"], **EXACT)
    np.testing.assert_allclose([limits.sigma_z] * 9, expected["sigma_z_used"], **EXACT)


def test_weeks_calmer_than_chance_do_not_narrow_the_limits() -> None:
    limits = signals.laney_limits([1000] * 12, [50] * 12, [1000])
    assert limits.sigma_z == 1.0
    assert limits.high[0] == pytest.approx(0.05 + 3 * (0.05 * 0.95 / 1000) ** 0.5)


@pytest.mark.parametrize(("converted", "centre"), [(0, 0.0), (100, 1.0)])
def test_a_baseline_without_spread_still_has_limits(converted: int, centre: float) -> None:
    limits = signals.laney_limits([100] * 12, [converted] * 12, [100])
    assert limits.centre == centre
    assert 0 < limits.high[0] - limits.low[0] < 0.05
    assert limits.low[0] <= centre <= limits.high[0]


def test_overdispersed_weeks_seldom_alarm() -> None:
    generator = np.random.default_rng(4)
    naive = laney = 0
    for _ in range(400):
        rates = generator.normal(0.05, 0.012, 13).clip(0.005)
        n = generator.integers(800, 1600, 13)
        k = generator.binomial(n, rates)
        limits = signals.laney_limits(n[:12], k[:12], n[12:])
        half = 3 * np.sqrt(limits.centre * (1 - limits.centre) / n[12])
        laney += not limits.low[0] <= k[12] / n[12] <= limits.high[0]
        naive += abs(k[12] / n[12] - limits.centre) > half
    assert laney < 0.04 * 400 < 0.10 * 400 < naive


@pytest.mark.parametrize(("size", "rate"), [(30, 0.025), (60, 0.025), (60, 0.95), (200, 0.01), (200, 0.3)])
def test_a_rate_that_stays_alarms_as_seldom_as_three_sigma_promise(size: int, rate: float) -> None:
    """0.27 % of weeks, as Shewhart's limits have it: also of a step that two people a week get through."""
    weeks = np.random.default_rng(5).binomial(size, rate, (4000, 13))
    alarms = 0
    for week in weeks:
        limits = signals.laney_limits([size] * 12, week[:12], size)
        alarms += signals.side_of_limits(limits, [size] * 12, week[:12], size, week[12]) != "none"
    promised = 0.0027 * len(weeks)
    assert alarms <= promised + 3 * promised**0.5


def test_a_week_beyond_its_limits_is_told_with_its_side() -> None:
    entered, converted = [60] * 12, [2, 1, 3, 1, 2, 1, 2, 1, 2, 3, 1, 2]
    limits = signals.laney_limits(entered, converted, 60)
    assert limits.high < 6 / 60  # one week in two hundred holds six by chance
    assert signals.side_of_limits(limits, entered, converted, 60, 6) == "none"
    assert signals.side_of_limits(limits, entered, converted, 60, 9) == "high"
    lost = [60 - count for count in converted]
    mirrored = signals.laney_limits(entered, lost, 60)
    assert signals.side_of_limits(mirrored, entered, lost, 60, 54) == "none"
    assert signals.side_of_limits(mirrored, entered, lost, 60, 51) == "low"


# --- mix and rate -------------------------------------------------------------------------------------------------


def mix_vector() -> pd.DataFrame:
    given_cells = pd.read_csv(VECTORS / "05_mix_shift/input.csv")
    names = {"segment": "member", "n0": "entered0", "k0": "converted0", "n1": "entered1", "k1": "converted1"}
    return given_cells.rename(columns=names).assign(whole=1)


def test_mix_shift_vector() -> None:
    members = signals.decompose(mix_vector(), ["whole"])
    expected = pd.read_csv(VECTORS / "05_mix_shift/expected_segments.csv")
    for column in ("share0", "share1", "rate0", "rate1", "rate_effect", "mix_effect"):
        np.testing.assert_allclose(members[column], expected[column], **EXACT, err_msg=column)
    whole = signals.with_interval(signals.totals(members, ["whole"])).iloc[0]
    total = pd.read_csv(VECTORS / "05_mix_shift/expected_total.csv").iloc[0]
    pairs = [("rate0", "rate0"), ("rate1", "rate1"), ("total_change", "change"), ("rate_effect", "rate_effect")]
    pairs += [
        ("mix_effect", "mix_effect"),
        ("rate_effect_lo", "rate_effect_low"),
        ("rate_effect_hi", "rate_effect_high"),
    ]
    for theirs, ours in pairs:
        assert whole[ours] == pytest.approx(total[theirs], rel=1e-9), ours
    assert bool(whole["is_simpson"]) is bool(total["simpson"])


def test_the_other_worked_case() -> None:
    """Shares .5/.5 to .8/.2, rates .10 to .11 and .20 to .21: total .15 to .13, mix -.03, rate +.01."""
    cells = pd.DataFrame(
        {"whole": 1, "member": ["a", "b"], "entered0": [500, 500], "converted0": [50, 100], "entered1": [800, 200],
         "converted1": [88, 42]}
    )  # fmt: skip
    whole = signals.totals(signals.decompose(cells, ["whole"]), ["whole"]).iloc[0]
    assert [whole[name] for name in ("rate0", "rate1", "mix_effect", "rate_effect")] == pytest.approx(
        [0.15, 0.13, -0.03, 0.01]
    )


counts = st.tuples(st.integers(0, 5000), st.floats(0, 1)).map(lambda pair: (pair[0], round(pair[0] * pair[1])))


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=12), st.sampled_from([0, 30]))
def test_effects_sum_to_the_change(pairs: list[tuple[tuple[int, int], tuple[int, int]]], min_n: int) -> None:
    rows = [(f"m{i}", *before, *after) for i, (before, after) in enumerate(pairs)]
    cells = pd.DataFrame(rows, columns=["member", *signals.COUNTS]).assign(whole="w")
    if not (cells["entered0"].sum() and cells["entered1"].sum()):
        return
    members = signals.decompose(signals.pool_small(cells, ["whole"], min_n), ["whole"])
    whole = signals.totals(members, ["whole"]).iloc[0]
    change = cells["converted1"].sum() / cells["entered1"].sum() - cells["converted0"].sum() / cells["entered0"].sum()
    assert abs(whole["change"] - change) < 1e-9
    assert abs(whole["rate_effect"] + whole["mix_effect"] - change) < 1e-9
    assert abs(members["change"].sum() - change) < 1e-9
    absent = (members["entered0"] == 0) | (members["entered1"] == 0)
    assert (members.loc[absent, "rate_effect"] == 0).all()
    contributions = members["converted1"] / cells["entered1"].sum() - members["converted0"] / cells["entered0"].sum()
    np.testing.assert_allclose(members["change"], contributions, atol=1e-9)


def test_small_members_become_other_and_absent_ones_stay() -> None:
    cells = pd.DataFrame(
        [("big", 500, 50, 600, 70), ("tiny", 29, 3, 400, 20), ("gone", 30, 3, 0, 0), ("new", 0, 0, 90, 9),
         ("few", 0, 0, 5, 1), ("all", 100, 10, 100, 10)],
        columns=["member", *signals.COUNTS],
    ).assign(whole=1)  # fmt: skip
    pooled = signals.pool_small(cells, ["whole"], 30).set_index("member")
    assert list(pooled.index) == ["big", "gone", "new", "other"]
    assert pooled.loc["other", list(signals.COUNTS)].tolist() == [129, 13, 505, 31]


def test_equal_mix_gives_the_raw_lift_and_a_shift_of_mix_alone_gives_none() -> None:
    same = pd.DataFrame(
        [("a", 4000, 400, 4000, 480), ("b", 6000, 300, 6000, 360)], columns=["member", *signals.COUNTS]
    ).assign(whole=1)
    whole = signals.totals(signals.decompose(same, ["whole"]), ["whole"])
    assert signals.lift_at_equal_mix(whole)[0][0] == pytest.approx(0.2)
    moved = pd.DataFrame(
        [("a", 8000, 800, 2000, 200), ("b", 2000, 40, 8000, 160)], columns=["member", *signals.COUNTS]
    ).assign(whole=1)
    whole = signals.totals(signals.decompose(moved, ["whole"]), ["whole"])
    lift, low, high = (end[0] for end in signals.lift_at_equal_mix(whole))
    assert lift == pytest.approx(0, abs=1e-12) and low < 0 < high
    assert float(lift_interval(840, 10000, 360, 10000)[0]) == pytest.approx(-0.571428571)


def test_the_interval_at_equal_mix_covers_the_truth() -> None:
    generator = np.random.default_rng(5)
    before, after, rate = np.array([4000, 2000, 400]), np.array([1500, 2500, 200]), np.array([0.10, 0.04, 0.02])
    covered = 0
    for _ in range(600):
        cells = pd.DataFrame(
            {"member": ["a", "b", "c"], "entered0": before, "converted0": generator.binomial(before, rate),
             "entered1": after, "converted1": generator.binomial(after, rate * 1.2), "whole": 1}
        )  # fmt: skip
        whole = signals.totals(signals.decompose(cells, ["whole"]), ["whole"])
        _, low, high = (end[0] for end in signals.lift_at_equal_mix(whole))
        covered += low <= 0.2 <= high
    assert 0.93 <= covered / 600 <= 0.97


# --- the season ---------------------------------------------------------------------------------------------------


def test_seasonal_vector() -> None:
    row = pd.read_csv(VECTORS / "06_seasonal_adjustment/input.csv").iloc[0]
    expected = pd.read_csv(VECTORS / "06_seasonal_adjustment/expected.csv").iloc[0]
    arms = [(row[f"k_{arm}"], row[f"n_{arm}"]) for arm in ("base", "cur", "base_ly", "cur_ly")]
    found = signals.seasonal_lift(*arms)
    np.testing.assert_allclose(found, expected[["adj_lift", "adj_lo", "adj_hi"]].astype(float), **EXACT)


def seasonal_weeks(lift: float, seed: int, noise: float = 0.0) -> tuple[pd.DataFrame, float]:
    """120 weeks whose rate follows the year; the last 8 belong to a programme, the last 4 are the current window."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({"week": pd.Timestamp("2024-07-01") + pd.to_timedelta(7 * np.arange(120), "D")})
    days = (frame["week"] - pd.Timestamp(0)).dt.days
    odds = 0.08 / 0.92 * np.exp(0.3 * np.sin(2 * np.pi * days / 365.25) + generator.normal(0, noise, 120))
    share = (odds / (1 + odds)).to_numpy()
    baseline = float(share[100:112].mean())
    frame["entered"] = 2000
    target = np.where(np.arange(120) >= 112, np.exp(np.log1p(lift)), 1.0)
    frame["converted"] = generator.binomial(2000, share * target)
    frame["is_current"], frame["is_earlier"] = np.arange(120) >= 116, (np.arange(120) >= 112) & (np.arange(120) < 116)
    return frame, baseline


def fit(frame: pd.DataFrame, baseline: float) -> np.ndarray:  # type: ignore[type-arg]
    flags = [frame[name].to_numpy() for name in ("is_current", "is_earlier")]
    return signals.seasonal_model(frame["week"], frame["entered"], frame["converted"], *flags, baseline)


def test_the_model_finds_the_lift_behind_the_season() -> None:
    frame, baseline = seasonal_weeks(0.25, seed=6)
    raw = frame.loc[frame["is_current"], "converted"].mean() / 2000 / baseline - 1
    lift, low, high = fit(frame, baseline)
    assert low < 0.25 < high and high - low < 0.25
    assert abs(lift - 0.25) < abs(raw - 0.25)


def test_noisy_years_widen_the_interval_of_the_model() -> None:
    calm, noisy = (fit(*seasonal_weeks(0.0, seed=7, noise=noise)) for noise in (0.0, 0.3))
    assert noisy[2] - noisy[1] > 2 * (calm[2] - calm[1])


def test_the_model_covers_the_truth() -> None:
    covered = sum(low <= 0 <= high for _, low, high in (fit(*seasonal_weeks(0.0, s, 0.15)) for s in range(300)))
    assert 0.92 <= covered / 300 <= 0.98


def test_the_fit_solves_the_score_equations_whatever_the_order_of_weeks() -> None:
    frame, baseline = seasonal_weeks(0.1, seed=8)
    np.testing.assert_allclose(fit(frame, baseline), fit(frame.sample(frac=1, random_state=1), baseline), rtol=1e-8)
    design = np.column_stack([np.ones(120), frame["is_current"]])
    n, k = frame["entered"].to_numpy(float), frame["converted"].to_numpy(float)
    solved = signals._quasi_binomial(design, n, k)
    assert solved is not None
    after, before = k[116:].sum() / n[116:].sum(), k[:116].sum() / n[:116].sum()
    odds_ratio = after / (1 - after) / (before / (1 - before))
    assert solved[0][1] == pytest.approx(np.log(odds_ratio), rel=1e-9)


def test_no_estimate_where_nobody_converted() -> None:
    frame, baseline = seasonal_weeks(0.0, seed=9)
    frame.loc[frame["is_current"], "converted"] = 0
    assert np.isnan(fit(frame, baseline)).all()


# --- sample size --------------------------------------------------------------------------------------------------


def test_required_n_gives_eighty_percent_power() -> None:
    """Known: 10 % to 11.5 % needs 6,689.9 a window; a simulation of that size finds it in 80 of 100."""
    n = int(signals.required_n(0.10, 0.15))
    assert n == 6690
    generator = np.random.default_rng(10)
    before, after = generator.binomial(n, 0.10, 4000) / n, generator.binomial(n, 0.115, 4000) / n
    se = np.sqrt((before * (1 - before) + after * (1 - after)) / n)
    assert 0.78 < np.mean(np.abs(after - before) / se > 1.959964) < 0.82


def test_required_n_of_the_impossible_is_unknown() -> None:
    assert np.isnan(signals.required_n([0.0, 0.95, 0.1, np.nan], [0.15, 0.15, 0.0, 0.15])).all()
