"""Rates against known answers, and the laws their intervals must keep."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline import conversion

VECTORS = Path(__file__).parent / "vectors"
EXACT = {"rtol": 1e-9, "atol": 1e-12}
AS_OF = datetime(2026, 3, 2)
FORTNIGHT = 14 * 86400


def cells(**columns: object) -> pd.DataFrame:
    base = {
        "week": "2026-01-05",
        "view": "cohort",
        "funnel": "journey",
        "mode": "reached",
        "is_default_mode": True,
        "from_stage": "awareness",
        "to_stage": "consideration",
        "breakdown": "all",
        "member": "all",
        "window_seconds": FORTNIGHT,
        "entered": 0,
        "converted": 0,
        "imputed": 0,
        "open": 0,
        "median_seconds": None,
        "p75_seconds": None,
        "p90_seconds": None,
    }
    return pd.DataFrame({**base, **columns}, index=range(len(columns["entered"])))  # type: ignore[arg-type]


def test_wilson_vector() -> None:
    given_counts = pd.read_csv(VECTORS / "03_rate_statistics/input_wilson.csv")
    expected = pd.read_csv(VECTORS / "03_rate_statistics/expected_wilson.csv")
    low, high = conversion.wilson_interval(given_counts["k"], given_counts["n"])
    np.testing.assert_allclose(low, expected["ci_lo"], **EXACT)
    np.testing.assert_allclose(high, expected["ci_hi"], **EXACT)
    assert low[0] == 0.0 and high[2] == 1.0


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_ends_invert_the_score_test(n: int, share: float) -> None:
    k = round(share * n)
    p = k / n
    low, high = conversion.wilson_interval(k, n)

    for end in (float(low), float(high)):
        assert (p - end) ** 2 == pytest.approx(conversion.Z95**2 * end * (1 - end) / n, rel=1e-9, abs=1e-15)


@given(st.integers(1, 2000), st.data())
def test_wilson_rises_with_successes_and_narrows_with_trials(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n - 1))
    low, high = conversion.wilson_interval(np.array([k, k + 1]), n)
    assert low[0] < low[1] and high[0] < high[1]
    assert 0 <= low[0] <= k / n <= high[0] <= 1
    wide_low, wide_high = conversion.wilson_interval(10 * k, 10 * n)
    assert wide_high - wide_low < high[0] - low[0]


def test_wilson_covers_the_truth_in_95_of_100() -> None:
    generator = np.random.default_rng(20260302)
    covered = []
    for truth in generator.uniform(0.02, 0.98, 400):
        k = generator.binomial(120, truth, 200)
        low, high = conversion.wilson_interval(k, 120)
        covered.append(np.mean((low <= truth) & (truth <= high)))
    assert 0.94 < np.mean(covered) < 0.96


def test_wilson_refuses_impossible_counts() -> None:
    with pytest.raises(ValueError, match="1 of 2 rates"):
        conversion.wilson_interval(np.array([1, 5]), np.array([4, 4]))


def test_compare_vector() -> None:
    given_counts = pd.read_csv(VECTORS / "03_rate_statistics/input_compare.csv")
    expected = pd.read_csv(VECTORS / "03_rate_statistics/expected_compare.csv")
    found = conversion.compare_rates(*(given_counts[name] for name in ("k0", "n0", "k1", "n1")))
    names = ["diff", "newcombe_lo", "newcombe_hi", "z", "p_value", "lift", "lift_lo", "lift_hi", "continuity"]
    for theirs, ours in zip(names, found.columns, strict=True):
        np.testing.assert_allclose(found[ours], expected[theirs], err_msg=theirs, **EXACT)


@given(st.tuples(*[st.integers(1, 400)] * 4))
def test_swapping_the_arms_mirrors_the_comparison(counts: tuple[int, int, int, int]) -> None:
    k0, more0, k1, more1 = counts
    there = conversion.compare_rates(k0, k0 + more0, k1, k1 + more1).iloc[0]
    back = conversion.compare_rates(k1, k1 + more1, k0, k0 + more0).iloc[0]
    assert there["difference_low"] == pytest.approx(-back["difference_high"], abs=1e-12)
    assert 1 + there["lift_low"] == pytest.approx(1 / (1 + back["lift_high"]))
    assert there["p_value"] == pytest.approx(back["p_value"])
    assert there["lift_low"] < there["lift"] < there["lift_high"]


def test_rates_without_variance_do_not_differ() -> None:
    both_all = conversion.compare_rates(5, 5, 9, 9).iloc[0]
    assert (both_all["z_score"], both_all["p_value"]) == (0.0, 1.0)


def test_count_ratio_interval() -> None:
    low, high = conversion.count_ratio_interval([30, 0, 3], [20, 10, 0])
    half = conversion.Z95 * np.sqrt(1 / 30 + 1 / 20)
    assert (low[0], high[0]) == pytest.approx((1.5 * np.exp(-half), 1.5 * np.exp(half)))
    assert low[1] == 0 and 0 < high[1] < 1
    assert np.isnan(low[2]) and np.isnan(high[2])


def test_maturity_boundary_is_inclusive_to_the_second() -> None:
    week = pd.Series(["2026-02-09", "2026-02-09", "2026-02-16"])
    mature = conversion.is_mature(week, [FORTNIGHT, FORTNIGHT + 1, 7 * 86400], AS_OF)
    assert mature.tolist() == [True, False, True]
    with pytest.raises(ValueError, match="naive"):
        conversion.is_mature(week, FORTNIGHT, datetime(2026, 3, 2, tzinfo=UTC))


def test_cohort_vector() -> None:
    expected = pd.read_csv(VECTORS / "01_stage_conversion/expected_cohort.csv")
    given_cells = cells(
        week=expected["cohort_week"],
        from_stage=expected["from_stage"],
        to_stage=expected["to_stage"],
        member=expected["mode"],
        entered=expected["n"],
        converted=expected["k"],
    ).sample(frac=1, random_state=3)
    found = conversion.stage_conversion(given_cells, AS_OF)
    assert list(found.columns) == conversion.STAGE_CONVERSION_COLUMNS
    expected = expected.assign(week=pd.to_datetime(expected["cohort_week"]))
    expected = expected.sort_values(["week", "from_stage", "to_stage", "mode"], ignore_index=True)
    for theirs, ours in (("rate", "rate"), ("ci_lo", "ci_low"), ("ci_hi", "ci_high")):
        np.testing.assert_allclose(found[ours], expected[theirs], **EXACT)
    assert found["is_mature"].tolist() == expected["is_mature"].tolist()
    assert found["is_small_sample"].all()


def test_flow_vector() -> None:
    expected = pd.read_csv(VECTORS / "01_stage_conversion/expected_calendar.csv")
    given_cells = cells(
        view="flow",
        week=expected["week"],
        from_stage=expected["from_stage"],
        to_stage=expected["to_stage"],
        member=expected["mode"],
        entered=expected["entries_from"],
        converted=expected["entries_to"],
    )
    found = conversion.stage_conversion(given_cells, AS_OF)
    expected = expected.sort_values(["week", "from_stage", "to_stage", "mode"], ignore_index=True)
    np.testing.assert_allclose(found["rate"], expected["flow_ratio"], **EXACT)
    empty = expected["entries_from"] == 0
    assert found["ci_low"].isna().tolist() == found["ci_high"].isna().tolist() == empty.tolist()
    assert found["is_mature"].all(), "a flow has no window to wait for"


def test_a_flow_above_one_is_published_and_a_cohort_above_one_refused() -> None:
    found = conversion.stage_conversion(cells(view=["flow"], entered=[40], converted=[60]), AS_OF)
    assert found["rate"].item() == 1.5 and found["ci_high"].item() > 1.5
    assert not found["is_small_sample"].item()
    with pytest.raises(ValueError, match=r"outside 0\.\.trials"):
        conversion.stage_conversion(cells(entered=[40], converted=[60]), AS_OF)


def test_a_hazard_has_a_wilson_interval_and_is_settled_with_its_week() -> None:
    found = conversion.stage_conversion(
        cells(view=["hazard"] * 2, week=["2026-02-23", "2026-03-02"], entered=[40, 40], converted=[8, 8]), AS_OF
    )
    assert found["ci_low"].tolist() == pytest.approx([0.1050, 0.1050], abs=5e-5)
    assert found["ci_high"].tolist() == pytest.approx([0.3476, 0.3476], abs=5e-5)
    assert found["is_mature"].tolist() == [True, False]
    with pytest.raises(ValueError, match=r"outside 0\.\.trials"):
        conversion.stage_conversion(cells(view=["hazard"], entered=[40], converted=[60]), AS_OF)


def test_who_did_not_convert_is_open_or_dropped() -> None:
    found = conversion.stage_conversion(cells(entered=[40], converted=[8], open=[30]), AS_OF)
    assert found["dropped"].item() == 2


def test_immature_weeks_are_flagged_not_hidden() -> None:
    found = conversion.stage_conversion(
        cells(week=["2026-02-23", "2026-02-09"], entered=[30, 29], converted=[3, 3]), AS_OF
    )
    assert found["is_mature"].tolist() == [True, False]
    assert found["is_small_sample"].tolist() == [True, False]
    assert found["rate"].notna().all()


def test_repeated_keys_and_unknown_views_are_refused() -> None:
    with pytest.raises(ValueError, match="1 rows repeat the key"):
        conversion.stage_conversion(cells(entered=[40, 40]), AS_OF)
    with pytest.raises(ValueError, match="cohort, flow or hazard"):
        conversion.stage_conversion(cells(view=["guess"], entered=[40]), AS_OF)


def test_no_cells_make_an_empty_table() -> None:
    found = conversion.stage_conversion(cells(entered=[1]).iloc[:0], AS_OF)
    assert list(found.columns) == conversion.STAGE_CONVERSION_COLUMNS and found.empty
