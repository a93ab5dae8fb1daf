"""The season's shift against windows whose levels are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from journey_pipeline.predictions import season
from journey_pipeline.predictions.season import Asked


def window(said: float, events: int, rows: int = 2_000) -> Asked:
    """One chance said of everybody, and events spread evenly over the buckets."""
    return Asked(np.full(rows, said), (np.arange(rows) // 20 < events // 20).astype(float), np.arange(rows) % 20)


def drawn(seed: int, level: float, rows: int = 20_000) -> Asked:
    """Customers whose log-odds lie `level` above what is said of them."""
    draw = np.random.default_rng(seed)
    odds = draw.normal(-2, 1, rows)
    return Asked(expit(odds), (draw.random(rows) < expit(odds + level)).astype(float), np.arange(rows) % 20)


def test_the_shift_is_the_difference_of_log_odds_where_all_are_alike() -> None:
    found = season.shift(window(0.3, 400), window(0.3, 200))
    assert found.found == pytest.approx(logit(0.2) - logit(0.1), rel=1e-9)
    # Both said too much by the same: that is the model's level, no season.
    assert season.shift(window(0.6, 400), window(0.6, 200)).found == pytest.approx(found.found, rel=1e-9)
    assert season.shift(window(0.3, 200), window(0.3, 400)).found == pytest.approx(-found.found, rel=1e-9)


def test_the_shift_of_drawn_customers_is_within_its_interval() -> None:
    found = [season.shift(drawn(seed, 0.7), drawn(seed + 100, 0.3)) for seed in range(20)]
    assert sum(each.low <= 0.4 <= each.high for each in found) >= 18
    assert all(0 < each.applied < each.found for each in found)


def test_what_chance_alone_can_do_hardly_moves_anything() -> None:
    found = [season.shift(drawn(seed, 0.5), drawn(seed + 100, 0.5)) for seed in range(20)]
    assert np.mean([each.applied**2 for each in found]) < 0.5 * np.mean([each.found**2 for each in found])
    assert sum(each.applied == 0 for each in found) >= 8  # half of them lie within one standard error


def test_a_window_in_which_nothing_came_says_nothing() -> None:
    assert season.shift(window(0.3, 0), window(0.3, 200)).applied == 0
    assert np.isnan(season.shift(window(0.3, 400), window(0.3, 2_000)).found)
