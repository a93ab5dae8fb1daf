"""Calibration: probabilities that mean what they say, on customers the map has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from journey_pipeline.predictions import quality
from journey_pipeline.predictions.calibration import fit_calibration
from journey_pipeline.predictions.likelihood import NotFitted


def overconfident(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True probabilities, scores with twice their log-odds, and outcomes."""
    chance = np.random.default_rng(seed)
    true = chance.beta(1.0, 3.0, n)
    return true, 1 / (1 + np.exp(-2 * quality.log_odds(true) - 1)), (chance.random(n) < true).astype(float)


@pytest.mark.parametrize(("n", "method", "ece"), [(800, "platt", 0.03), (20_000, "isotonic", 0.015)])
def test_other_customers_are_calibrated_by_it(n: int, method: str, ece: float) -> None:
    _, score, y = overconfident(n, 1)
    found = fit_calibration(score, y)
    assert found.method == method
    true, others, outcome = overconfident(50_000, 2)
    calibrated = found.apply(others)
    assert quality.ece(others, outcome) > 0.08
    assert quality.ece(calibrated, outcome) < ece
    assert quality.log_loss(calibrated, outcome) < quality.log_loss(true, outcome) + 0.01


@pytest.mark.parametrize("n", [800, 20_000])
def test_no_two_customers_change_places(n: int) -> None:
    _, score, y = overconfident(n, 3)
    grid = np.linspace(0, 1, 1_001)
    assert (np.diff(fit_calibration(score, y).apply(grid)) >= 0).all()


def test_nobody_is_certain() -> None:
    chance = np.random.default_rng(4)
    score = chance.random(10_000)
    y = ((score > 0.2) & (chance.random(10_000) < 0.5) | (score > 0.9)).astype(float)
    found = fit_calibration(score, y).apply(np.array([0.0, 0.1, 0.95, 1.0]))
    assert (found > 0).all() and (found < 1).all()
    assert found[0] < 0.001 and found[3] > 0.999


def test_a_score_without_meaning_is_left_with_the_base_rate() -> None:
    y = np.arange(400) % 4 == 0
    reversed_score = np.where(y, 0.2, 0.6) + np.arange(400) % 7 / 100
    for score in (np.full(400, 0.4), reversed_score):
        np.testing.assert_allclose(fit_calibration(score, y.astype(float)).apply(score), 0.25, rtol=1e-9)


def test_the_order_of_rows_changes_nothing() -> None:
    for n in (800, 20_000):
        _, score, y = overconfident(n, 5)
        order = np.random.default_rng(6).permutation(n)
        first, second = fit_calibration(score, y), fit_calibration(score[order], y[order])
        np.testing.assert_allclose(first.knots, second.knots, rtol=1e-9)


def test_too_few_events_are_no_calibration() -> None:
    with pytest.raises(NotFitted, match="9 events or others"):
        fit_calibration(np.linspace(0, 1, 100), (np.arange(100) < 9).astype(float))
