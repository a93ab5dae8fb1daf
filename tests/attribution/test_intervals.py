"""The jackknife against known answers, against itself written out, and against the truth it should cover."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.attribution.intervals import (
    can_tell,
    effective_groups,
    interval,
    jackknife_interval,
    replicated_error,
    summed_error,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "17_resampling"
Z95 = 1.959963984540054


def test_resampling_vector() -> None:
    customers = pd.read_csv(VECTORS / "input.csv")
    expected = pd.read_csv(VECTORS / "expected_jackknife.csv").set_index("statistic")
    groups = json.loads((VECTORS / "params.json").read_text())["groups"]
    key = customers["customer_id"].map(lambda name: int(hashlib.md5(name.encode()).hexdigest()[:8], 16))
    weights = pd.read_csv(VECTORS / "expected_weights.csv")
    assert (key % 100).tolist() == weights["bucket_100"].tolist()
    bucket = key % groups
    assert bucket.tolist() == weights["bucket_4"].tolist()
    without = [customers[bucket != group] for group in range(groups)]
    means = np.array([[one["revenue"].mean(), one["converted"].mean()] for one in without]).T
    errors = replicated_error(means, of_total=False)
    np.testing.assert_allclose(errors, expected.loc[["mean_revenue", "conversion_rate"], "se"], rtol=1e-9)
    totals = np.array([one["revenue"].sum() for one in without])
    assert replicated_error(totals) == pytest.approx(expected.loc["total_revenue", "se"], rel=1e-9)
    sums = customers.groupby(bucket)["revenue"].sum()
    found = summed_error(sums.sum(), (sums**2).sum(), groups)
    assert found == pytest.approx(expected.loc["total_revenue", "se"], rel=1e-9)


def test_two_sums_hold_all_that_a_hundred_replicates_do() -> None:
    sums = np.random.default_rng(17).gamma(2, 3, 100)
    replicates = np.array([np.delete(sums, g).sum() for g in range(100)])
    low, high = jackknife_interval(sums.sum(), (sums**2).sum())
    assert (high - low) / 2 == pytest.approx(Z95 * replicated_error(replicates), rel=1e-9)


def test_jackknife_covers_the_truth_in_95_of_100() -> None:
    generator = np.random.default_rng(2026)
    sums = generator.poisson(6, (4000, 100)) * 0.5
    low, high = jackknife_interval(sums.sum(axis=1), (sums**2).sum(axis=1))
    assert 0.935 < np.mean((low <= 300) & (high >= 300)) < 0.965


@pytest.mark.parametrize("mean", [1, 3, 5, 8, 20])
def test_from_three_groups_on_a_small_count_is_covered_and_below_it_may_not_be(mean: int) -> None:
    sums = np.random.default_rng(mean).poisson(mean / 20, (20_000, 20)).astype(float)
    total, squares = sums.sum(axis=1), (sums**2).sum(axis=1)
    low, high = jackknife_interval(total, squares, buckets=20)
    known = can_tell(effective_groups(total, squares))
    assert np.mean((low <= mean) & (high >= mean), where=known) > 0.9


def test_three_equal_groups_can_tell_however_their_squares_were_rounded() -> None:
    third = 0.333333
    assert can_tell(effective_groups(1.0, 3 * third**2)) and not can_tell(effective_groups(1.0, 0.5))
    assert not can_tell(effective_groups(0.0, 0.0))


def test_what_is_not_negative_has_no_negative_end() -> None:
    low, high = interval([1.0, -5.0], [2.0, 1.0])
    assert low[0] == 0.0 and high[0] == pytest.approx(1 + 2 * Z95) and low[1] == pytest.approx(-5 - Z95)
    assert np.isnan(replicated_error(np.ones((3, 1)))).all()
