"""What changed after an action: closed forms by hand, simulated worlds whose truth is known, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from journey_pipeline.effects import Weeks, difference_in_differences, pre_post, pre_post_of_ratio

AFTER = np.array([False] * 8 + [True] * 4)


def steady(before: float, after: float, size: float = 100.0) -> Weeks:
    """Weeks that are exactly at their share, so that nothing is over-dispersed."""
    entered = np.full(len(AFTER), size)
    return Weeks(entered, entered * np.where(AFTER, after, before))


def test_by_hand() -> None:
    """(0.60 - 0.40) - (0.55 - 0.50) = 0.15; variance .24/400 + .24/800 + .2475/4000 + .25/8000; t with 10 degrees."""
    found = difference_in_differences(steady(0.40, 0.60), steady(0.50, 0.55, 1000.0), AFTER)
    se = np.sqrt(0.6 * 0.4 / 400 + 0.4 * 0.6 / 800 + 0.55 * 0.45 / 4000 + 0.5 * 0.5 / 8000)
    assert found.effect == pytest.approx(0.15, abs=1e-12)
    assert found.se == pytest.approx(se, rel=1e-12)
    assert found.dispersion == 1
    assert found.high - found.effect == pytest.approx(2.2281388519649385 * se, rel=1e-9)
    alone = pre_post(steady(0.40, 0.60), AFTER)
    assert alone.effect == pytest.approx(0.20, abs=1e-12)
    assert alone.se == pytest.approx(np.sqrt(0.24 / 400 + 0.24 / 800), rel=1e-12)


def test_weeks_that_vary_more_than_their_counts_widen_the_interval() -> None:
    """Weeks at 0.30 and 0.50 by turns: each is 0.1 off, so Pearson's sum is 12 x 0.01 / (0.24/100), over 10."""
    entered = np.full(12, 100.0)
    shares = np.where(np.arange(12) % 2, 0.5, 0.3)
    found = pre_post(Weeks(entered, entered * shares), AFTER)
    assert found.dispersion == pytest.approx(12 * 0.01 / (0.24 / 100) / 10, rel=1e-12)
    assert found.se == pytest.approx(np.sqrt((0.24 / 400 + 0.24 / 800) * found.dispersion), rel=1e-12)


def test_what_moves_everybody_is_no_effect_of_the_one() -> None:
    shock = np.linspace(-0.2, 0.2, 12)
    entered = np.full(12, 200.0)
    treated, others = Weeks(entered, entered * (0.4 + shock)), Weeks(entered * 5, entered * 5 * (0.5 + shock))
    found = difference_in_differences(treated, others, AFTER)
    assert found.effect == pytest.approx(0, abs=1e-12) and found.dispersion == 1
    assert found.low < 0 < found.high
    assert pre_post(treated, AFTER).effect > 0.1, "before and after alone takes the trend for an effect"


def test_exchanging_the_groups_turns_the_sign() -> None:
    generator = np.random.default_rng(3)
    groups = [Weeks(np.full(12, n), generator.binomial(n, 0.4, 12).astype(float)) for n in (80, 500)]
    one, other = difference_in_differences(*groups, AFTER), difference_in_differences(*groups[::-1], AFTER)
    assert (one.effect, one.low, one.high) == pytest.approx((-other.effect, -other.high, -other.low), abs=1e-12)


def test_a_trend_before_is_seen() -> None:
    entered = np.full(12, 1000.0)
    growing = Weeks(entered, np.round(entered * (0.3 + 0.02 * np.arange(12) + 0.001 * (np.arange(12) % 2))))
    found = difference_in_differences(growing, Weeks(entered, entered * 0.5), AFTER)
    assert found.trend == pytest.approx(0.02, abs=1e-3) and found.trend_p < 0.001


def test_a_mean_changes_by_the_spread_of_its_weeks() -> None:
    """Weeks of one size: the ratio estimator is the mean of weekly means, with their variance."""
    means = np.array([10.0, 12, 11, 13, 10, 12, 11, 13, 15, 17, 16, 18])
    found = pre_post_of_ratio(means * 20, np.full(12, 20.0), AFTER)
    before, after = means[:8], means[8:]
    se = np.sqrt(before.var(ddof=1) / 8 + after.var(ddof=1) / 4)
    assert found.effect == pytest.approx(after.mean() - before.mean(), rel=1e-12)
    assert found.se == pytest.approx(se, rel=1e-12)
    assert found.high - found.effect == pytest.approx(student.ppf(0.975, 10) * se, rel=1e-9)


def simulated(generator: np.random.Generator, size: int, base: float, shock: np.ndarray, effect: float) -> Weeks:
    """A group of random size whose log odds move with everybody's shock and with one of its own."""
    weeks = len(shock)
    entered = generator.poisson(size, weeks) + 1
    odds = np.log(base / (1 - base)) + shock + generator.normal(0, 0.1, weeks)
    share = 1 / (1 + np.exp(-odds)) + effect * (np.arange(weeks) >= 8)
    return Weeks(entered.astype(float), generator.binomial(entered, np.clip(share, 0, 1)).astype(float))


@pytest.mark.parametrize("after_weeks", [4, 8])
def test_a_planted_effect_lies_inside_its_interval(after_weeks: int) -> None:
    """Of 2,000 worlds 97 and 96 %; the interval promises 95."""
    generator = np.random.default_rng(17)
    held = 0
    after = np.arange(8 + after_weeks) >= 8
    for _ in range(2000):
        shock = generator.normal(0, 0.15, len(after))
        treated = simulated(generator, 40, 0.45, shock, -0.12)
        found = difference_in_differences(treated, simulated(generator, 300, 0.5, shock, 0.0), after)
        held += found.low <= -0.12 <= found.high
    assert 0.945 <= held / 2000 <= 0.985
