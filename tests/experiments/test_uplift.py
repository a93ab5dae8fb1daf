"""Who gains most: the curve against a known answer, and what must never be learnt from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.experiments.uplift import NotRandomised, jackknife, qini, qini_curve, quality, require_lot
from journey_pipeline.predictions.targets import FEATURES

VECTORS = Path(__file__).parents[1] / "vectors" / "73_uplift"
FINE = pd.DataFrame([{"experiment_id": "welcome", "verdict": "positive"}])


def people(n: int = 4000, gain: float = 0.3, seed: int = 3) -> pd.DataFrame:
    """Half of them treated by lot; the action adds `gain` to who had a visit lately, and nothing to anybody else."""
    rng = np.random.default_rng(seed)
    visits, treated = rng.integers(0, 2, n), rng.integers(0, 2, n)
    outcome = rng.random(n) < 0.1 + gain * visits * treated
    frame = pd.DataFrame({"visits_7": visits, "is_treated": treated == 1, "outcome": outcome.astype(float)})
    frame["bucket"] = rng.integers(0, 20, n)
    return frame.reindex(columns=["bucket", "is_treated", "outcome", *FEATURES])


def test_vector_73_the_curve_and_its_areas() -> None:
    given = pd.read_csv(VECTORS / "input.csv")
    expected = pd.read_csv(VECTORS / "expected.csv")
    summary = pd.read_csv(VECTORS / "expected_summary.csv").iloc[0]
    columns = [given[name].to_numpy() for name in ("score", "treated", "outcome")]
    curve, found = qini_curve(*columns), qini(*columns)
    assert curve.tolist() == pytest.approx(expected["qini"].tolist(), rel=1e-9)
    assert (curve[-1] * np.arange(1, 11) / 10).tolist() == pytest.approx(expected["random"].tolist(), rel=1e-9)
    assert (found.area, found.random_area, found.coefficient, curve[-1]) == pytest.approx(tuple(summary), rel=1e-9)


def test_the_order_of_rows_and_of_equal_scores_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    score, treated, outcome = (
        rng.integers(0, 4, 300) / 4.0,
        rng.integers(0, 2, 300),
        rng.integers(0, 2, 300).astype(np.float64),
    )
    mixed = rng.permutation(300)
    assert qini(score, treated, outcome) == qini(score[mixed], treated[mixed], outcome[mixed])


def test_a_score_that_says_nothing_gains_nothing() -> None:
    rng = np.random.default_rng(2)
    treated, outcome = rng.integers(0, 2, 500), rng.integers(0, 2, 500).astype(np.float64)
    assert qini(np.zeros(500), treated, outcome).coefficient == pytest.approx(0, abs=1e-12)


def test_scores_are_released_where_some_gain_and_others_do_not() -> None:
    found = quality(people(), FINE)
    assert found["is_released"] and 0 < found["qini_low"] < found["qini"] < found["qini_high"]
    assert found["reason"] is None


def test_scores_are_withheld_where_nobody_gains_more_than_another() -> None:
    found = quality(people(gain=0.0), FINE)
    assert not found["is_released"] and found["qini_low"] <= 0
    assert "not certain" in found["reason"]
    few = quality(people(n=300, gain=0.0), FINE)
    assert "are fewer than 100" in few["reason"] and np.isnan(few["qini"])


def test_the_interval_holds_the_score_that_knows() -> None:
    frame = people(n=8000)
    columns = [frame[name].to_numpy(np.float64) for name in ("visits_7", "is_treated", "outcome")]
    score, treated, outcome = columns[0], columns[1].astype(np.int64), columns[2]
    # Half of the people gain 0.3 each and come first: the curve bends at the middle, above the line by n / 2 * 0.3 / 4.
    low, high = jackknife(score, treated, outcome, frame["bucket"].to_numpy())
    treated_people = treated.sum()
    assert low < treated_people * 0.15 / 4 < high


@pytest.mark.parametrize("verdict", ["not_randomised", "invalid_sample_ratio"])
def test_nothing_is_learnt_without_a_lot(verdict: str) -> None:
    with pytest.raises(NotRandomised, match=f"welcome: expected people drawn by lot .* found verdict {verdict}"):
        require_lot(FINE.assign(verdict=verdict))
    with pytest.raises(NotRandomised):
        quality(people(n=10), FINE.assign(verdict=verdict))
