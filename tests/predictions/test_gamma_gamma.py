"""Spend of an order against the published estimates, and against orders that are made up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.predictions import gamma_gamma
from journey_pipeline.predictions.gamma_gamma import GammaGamma
from journey_pipeline.predictions.likelihood import NotFitted
from tests.predictions import cdnow

VECTOR = Path(__file__).parents[1] / "vectors" / "51_gamma_gamma"
PUBLISHED = GammaGamma(6.25, 3.74, 15.44)  # Fader and Hardie 2013


@pytest.fixture(scope="module")
def repeat_buyers() -> pd.DataFrame:
    customers = cdnow.histories()
    return customers[customers["frequency"] > 0]


def test_vector() -> None:
    given, expected = pd.read_csv(VECTOR / "input.csv"), pd.read_csv(VECTOR / "expected.csv")
    of = GammaGamma(**json.loads((VECTOR / "params.json").read_text()))
    found = gamma_gamma.expected_spend(of, given["frequency"], given["mean_spend"])
    np.testing.assert_allclose(found, expected["expected_spend"], rtol=1e-9)


def test_the_published_estimates_of_cdnow(repeat_buyers: pd.DataFrame) -> None:
    fitted = gamma_gamma.fit(repeat_buyers)
    assert fitted.repeat_customers == 946
    np.testing.assert_allclose(fitted.parameters, PUBLISHED, rtol=0.005)
    each = gamma_gamma.log_likelihood(
        gamma_gamma.parameters(fitted), repeat_buyers["frequency"], repeat_buyers["mean_spend"]
    )
    assert each.sum() == pytest.approx(fitted.log_likelihood, rel=1e-12)
    pearson = np.corrcoef(repeat_buyers["frequency"], repeat_buyers["mean_spend"])[0, 1]
    assert gamma_gamma.correlation(repeat_buyers) == pytest.approx(pearson, rel=1e-12)


def test_the_slope_is_that_of_the_likelihood(repeat_buyers: pd.DataFrame) -> None:
    cells = gamma_gamma._Cells(*(repeat_buyers[name].to_numpy(float) for name in gamma_gamma.CELL))
    weights = np.random.default_rng(1).uniform(0, 2, len(repeat_buyers))
    at = np.log([3.0, 2.5, 20.0])
    numeric = [(cells.slope(at + s, weights)[0] - cells.slope(at - s, weights)[0]) / 2e-5 for s in 1e-5 * np.eye(3)]
    np.testing.assert_allclose(cells.slope(at, weights)[1], numeric, rtol=1e-6)


def test_another_currency_changes_nothing_but_the_scale(repeat_buyers: pd.DataFrame) -> None:
    euros = gamma_gamma.parameters(gamma_gamma.fit(repeat_buyers))
    cents = gamma_gamma.parameters(gamma_gamma.fit(repeat_buyers.assign(mean_spend=repeat_buyers["mean_spend"] * 100)))
    np.testing.assert_allclose(cents, (euros.p, euros.q, euros.v * 100), rtol=1e-4)


def test_the_expected_spend_and_its_square_are_those_of_made_up_orders() -> None:
    of, chance, n = GammaGamma(4.0, 6.0, 100.0), np.random.default_rng(8), 400_000
    x, orders = np.array([0.0, 3.0]), 5
    for i, mean in enumerate((np.nan, 42.0)):
        shape = of.p * x[i] + of.q
        scale = gamma_gamma.weight_of(of, x[i : i + 1], np.array([mean]))
        spend = chance.gamma(of.p * orders, 1 / chance.gamma(shape, 1 / scale[0], n))
        expected = gamma_gamma.expected_spend(of, x[i : i + 1], np.array([mean]))[0] * orders
        assert spend.mean() == pytest.approx(expected, abs=5 * spend.std() / np.sqrt(n))
        square = gamma_gamma.square_of_orders(of, x[i : i + 1], np.array([orders]), np.array([orders**2]))[0]
        assert (spend**2).mean() == pytest.approx(square * scale[0] ** 2, abs=5 * (spend**2).std() / np.sqrt(n))


def test_a_square_without_bound_is_unknown() -> None:
    found = gamma_gamma.square_of_orders(GammaGamma(1.0, 1.5, 10.0), np.array([0.0, 1.0]), np.ones(2), np.ones(2))
    assert np.isnan(found[0]) and found[1] > 0


def test_who_gave_back_more_than_was_bought_counts_as_nothing() -> None:
    refunded, free = gamma_gamma.expected_spend(PUBLISHED, np.array([2.0, 2.0]), np.array([-30.0, 0.0]))
    assert refunded == free > 0


def test_what_is_not_above_zero_is_left_out_of_the_fit(repeat_buyers: pd.DataFrame) -> None:
    free = repeat_buyers.assign(mean_spend=0.0).iloc[:50]
    assert gamma_gamma.fit(pd.concat([repeat_buyers, free])).repeat_customers == 946
    with pytest.raises(NotFitted, match=r"^0 customers bought again for money, at least 200"):
        gamma_gamma.fit(free)


def test_means_without_bound_are_no_fit() -> None:
    chance = np.random.default_rng(2)
    x, scale = chance.integers(1, 6, 3000), chance.gamma(0.7, 1.0, 3000)
    cells = pd.DataFrame(
        {
            "frequency": x,
            "mean_spend": chance.gamma(5.0 * x) / scale / x,
            "bucket": np.arange(3000) % 20,
            "customers": 1,
        }
    )
    with pytest.raises(NotFitted, match="expected above 1"):
        gamma_gamma.fit(cells)


def test_a_customer_without_a_repeat_order_is_an_error(repeat_buyers: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="2 rows are not"):
        gamma_gamma.fit(
            repeat_buyers.assign(
                frequency=repeat_buyers["frequency"].where(np.arange(946) != 3, 0),
                mean_spend=repeat_buyers["mean_spend"].where(np.arange(946) != 9),
            )
        )
