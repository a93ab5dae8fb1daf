"""Shares from week to week: known answers, and a warning that chance does not set off."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.attribution import MODELS, attribution_stability
from journey_pipeline.attribution.stability import STABILITY_COLUMNS, distances

VECTORS = Path(__file__).parents[1] / "vectors" / "18_stability"
WEEKS = ["2026-01-05", "2026-01-12"]
SHAPLEY = {"shapley": MODELS["shapley"]}
NO_PATHS = pd.DataFrame(columns=["week", "conversion_type", "path", "bucket", "conversions", "value", "nulls"])


def test_stability_vector() -> None:
    credit = pd.read_csv(VECTORS / "input.csv").set_index(["week", "channel"])["credit"]
    expected = pd.read_csv(VECTORS / "expected.csv").iloc[0]
    found = distances(credit["w1"], credit["w2"])
    np.testing.assert_allclose(found[:3], expected[["tvd", "spearman", "max_share_change"]], rtol=1e-9)
    assert found[3] == "display"


def cells(credit: dict[tuple[str, str], list[float]]) -> pd.DataFrame:
    """Credit of week and channel over buckets 0, 1, 2, ... under the rule `linear`."""
    rows = [
        (week, "order", "linear", channel, bucket, value)
        for (week, channel), values in credit.items()
        for bucket, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["week", "conversion_type", "model", "channel", "bucket", "credit"])


def test_the_error_is_the_jackknife_over_buckets_left_out_of_both_weeks() -> None:
    generator = np.random.default_rng(18)
    given = {(week, channel): generator.poisson(9, 20).astype(float).tolist() for week in WEEKS for channel in "abc"}
    table = attribution_stability(cells(given), NO_PATHS, {})
    assert list(table.columns) == STABILITY_COLUMNS and len(table) == 2
    assert table[STABILITY_COLUMNS[5:10]].iloc[0].isna().all()

    def distance(kept: list[int]) -> float:
        sums = np.array([[np.take(given[week, channel], kept).sum() for channel in "abc"] for week in WEEKS])
        shares = sums / sums.sum(axis=1, keepdims=True)
        return float(np.abs(shares[1] - shares[0]).sum() / 2)

    replicates = np.array([distance([b for b in range(20) if b != left]) for left in range(20)])
    error = np.sqrt(19 / 20 * ((replicates - replicates.mean()) ** 2).sum())
    assert table["total_variation_distance"].iloc[1] == pytest.approx(distance(list(range(20))))
    assert table["total_variation_error"].iloc[1] == pytest.approx(error)


def test_a_change_beyond_chance_warns_and_a_small_one_does_not() -> None:
    even = {(WEEKS[0], "a"): [50.0] * 20, (WEEKS[0], "b"): [50.0] * 20}
    moved = {**even, (WEEKS[1], "a"): [56.0] * 20, (WEEKS[1], "b"): [44.0] * 20}
    # The same in every bucket: no error at all, and still no warning for two points of a hundred.
    slight = {**even, (WEEKS[1], "a"): [52.0] * 20, (WEEKS[1], "b"): [48.0] * 20}
    by_few = {(WEEKS[0], "a"): [30.0, 0], (WEEKS[0], "b"): [30.0, 0], (WEEKS[1], "a"): [60.0, 0]}
    found = [attribution_stability(cells(given), NO_PATHS, {}).iloc[1] for given in (moved, slight, by_few)]
    assert [row["is_unsteady"] for row in found] == [True, False, False]
    assert [row["is_identified"] for row in found] == [True, True, False]
    assert np.isnan(found[2]["total_variation_error"])


def test_weeks_that_differ_by_chance_alone_warn_in_few_of_a_hundred() -> None:
    generator = np.random.default_rng(2027)
    weeks = pd.date_range("2024-01-01", periods=101, freq="7D").strftime("%Y-%m-%d")
    means = {name: 0.3 * (number + 1) for number, name in enumerate("abcdefgh")}
    given = {
        (week, name): generator.poisson(mean, 20).astype(float).tolist()
        for week in weeks
        for name, mean in means.items()
    }
    table = attribution_stability(cells(given), NO_PATHS, {}).iloc[1:]
    assert table["is_identified"].all() and table["is_unsteady"].sum() <= 3
    # What chance gives is what is seen on average.
    assert table["chance_distance"].mean() == pytest.approx(table["total_variation_distance"].mean(), rel=0.1)


def test_fitted_models_stand_beside_the_rules_with_their_share_of_lost_journeys() -> None:
    rows = [
        (WEEKS[n], "order", path, bucket, conversions, conversions * 10.0, nulls)
        for n, counts in enumerate([(6, 2), (3, 5)])
        for bucket in range(20)
        for path, conversions, nulls in (("a > b", counts[0], 3), ("b", counts[1], 1))
    ]
    paths = pd.DataFrame(rows, columns=NO_PATHS.columns)
    given = {(week, channel): [1.0] * 20 for week in WEEKS for channel in "ab"}
    table = attribution_stability(cells(given), paths, SHAPLEY).set_index(["model", "week"])
    after = table.loc[("shapley", pd.Timestamp(WEEKS[1]))]
    # Equal parts of each path: a has 3 of 8 before and 1.5 of 8 after.
    assert after["total_variation_distance"] == pytest.approx(1.5 / 8)
    assert after["largest_share_change"] == pytest.approx(1.5 / 8) and after["rank_correlation"] == 1.0
    assert after["null_share"] == pytest.approx(4 / 12) and after["has_few_nulls"]
    rules = table.loc["linear"]
    assert rules["null_share"].isna().all() and not rules["has_few_nulls"].any()


def test_order_of_rows_and_no_rows() -> None:
    generator = np.random.default_rng(4)
    given = cells({(week, channel): generator.gamma(2, 3, 20).tolist() for week in WEEKS for channel in "abc"})
    pd.testing.assert_frame_equal(
        attribution_stability(given.sample(frac=1, random_state=1), NO_PATHS, {}),
        attribution_stability(given, NO_PATHS, {}),
    )
    assert list(attribution_stability(given.iloc[:0], NO_PATHS, SHAPLEY).columns) == STABILITY_COLUMNS
