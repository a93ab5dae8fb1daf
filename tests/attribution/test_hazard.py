"""The hazard fit and its closed-form credit against known answers and their laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from journey_pipeline.attribution import hazard

VECTORS = Path(__file__).parents[1] / "vectors"


def vector_19() -> tuple[hazard.Sample, pd.DataFrame]:
    cells = pd.read_csv(VECTORS / "19_hazard_fit" / "input.csv")
    rows = pd.concat([cells.assign(y=1.0, w=cells["events"]), cells.assign(y=0.0, w=cells["nonevents"])])
    features = rows[["x", "s_a", "s_b"]].to_numpy("float32")
    sample = hazard.Sample.of(features, rows["y"].to_numpy(), rows["w"].to_numpy(float), np.zeros(len(rows), np.int64))
    return sample, pd.read_csv(VECTORS / "19_hazard_fit" / "expected.csv").set_index("term")


@pytest.mark.parametrize(("held", "column"), [(True, "beta"), (False, "beta_unconstrained")])
def test_fit_vector(held: bool, column: str) -> None:
    sample, expected = vector_19()
    # The features are tenths, which float32 holds to 3e-8 of themselves.
    found = hazard.fit(sample, np.array([False, held, held])).coefficients
    terms = ["intercept_sampled", "x", "s_a", "s_b"]
    np.testing.assert_allclose(found, expected.loc[terms, column], atol=2e-7)
    assert found[0] + np.log(0.02) == pytest.approx(expected.loc["intercept_population", column], abs=2e-7)


def test_closed_form_vector() -> None:
    folder = VECTORS / "15_hazard_credit"
    beta = pd.read_csv(folder / "input_coefficients.csv")
    touches = pd.read_csv(folder / "input_touches.csv")
    expected = pd.read_csv(folder / "expected.csv")
    channels = ["video", "email", "search"]
    conversions = sorted(expected["conversion_id"].unique())
    x = np.zeros((len(conversions), len(channels)))
    for row in beta.itertuples():
        for place, conversion in enumerate(conversions):
            ages = touches.loc[
                (touches["conversion_id"] == conversion) & (touches["channel"] == row.channel), "days_before"
            ]
            stock = np.array([(2.0 ** (-ages / row.half_life_days)).sum()])
            x[place, channels.index(row.channel)] += row.beta * hazard.exposure(stock)[0]
    credit, baseline = hazard.shares(x)
    found = np.column_stack([credit, baseline]).ravel()
    np.testing.assert_allclose(found, expected["credit"], atol=1e-12)
    named = expected[expected["channel"] != "baseline"]
    np.testing.assert_allclose(x.ravel(), named["x"], atol=1e-12)


effects = st.lists(st.floats(0, 8), min_size=1, max_size=6)


@given(effects)
@settings(deadline=None, max_examples=50)
def test_credit_is_the_integrated_path_value_and_sums_to_one(x: list[float]) -> None:
    """The share of c is the integral of d/dx_c along the straight way from no touch, over the whole hazard."""
    credit, baseline = hazard.shares(np.array([x]))
    assert credit.sum() + baseline[0] == pytest.approx(1, abs=1e-12)
    for value, share in zip(x, credit[0], strict=True):
        assert share == pytest.approx(value * quad(lambda t: np.exp((t - 1) * sum(x)), 0, 1)[0], abs=1e-9)


@given(effects)
@settings(deadline=None, max_examples=30)
def test_a_channel_without_effect_earns_nothing_and_splitting_a_channel_changes_no_other(x: list[float]) -> None:
    whole, _ = hazard.shares(np.array([x]))
    split, _ = hazard.shares(np.array([[0.0, x[0] / 3, x[0] * 2 / 3, *x[1:]]]))
    assert split[0, 0] == 0
    np.testing.assert_allclose(split[0, 1:3].sum(), whole[0, 0], atol=1e-12)
    np.testing.assert_allclose(split[0, 3:], whole[0, 1:], atol=1e-12)


def simulated(rows: int = 30_000, seed: int = 4) -> tuple[hazard.Sample, np.ndarray]:
    draw = np.random.default_rng(seed)
    beta = np.array([-3.0, 0.4, 0.9, 0.0])
    features = draw.exponential(0.5, (rows, 3)).astype("float32")
    chance = 1 / (1 + np.exp(-(beta[0] + features @ beta[1:])))
    events = (draw.random(rows) < chance).astype(float)
    return hazard.Sample.of(features, events, np.ones(rows), np.sort(draw.integers(0, 20, rows))), beta


def test_fit_finds_the_coefficients_a_sample_was_drawn_from() -> None:
    sample, beta = simulated()
    found = hazard.fit(sample, np.array([True, True, True]), l2=0.0)
    error = np.sqrt(hazard.jackknife_variance(found.replicates))
    # Five of its own standard errors; the third is held at 0 or above.
    assert (np.abs(found.coefficients - beta) <= 5 * np.maximum(error, 0.005)).all()
    assert (found.coefficients[1:] >= 0).all()


def test_a_replicate_is_the_fit_without_its_bucket() -> None:
    sample, _ = simulated()
    found = hazard.fit(sample, np.array([True, True, True]))
    spread = np.sqrt(hazard.jackknife_variance(found.replicates))
    for bucket in (0, 11, 19):
        kept = sample.buckets != bucket
        rest = hazard.Sample.of(sample.features[kept], sample.events[kept], sample.weights[kept], sample.buckets[kept])
        refitted = hazard.fit(rest, np.array([True, True, True])).coefficients
        assert (np.abs(found.replicates[bucket] - refitted) < 0.02 * spread + 1e-9).all()


def test_order_of_rows_within_a_bucket_and_doubling_weights_change_nothing() -> None:
    sample, _ = simulated(rows=4000)
    order = np.lexsort((np.random.default_rng(1).random(4000), sample.buckets))
    shuffled = hazard.Sample.of(sample.features[order], sample.events[order], 2 * sample.weights, sample.buckets)
    held = np.array([True, True, True])
    one, other = hazard.fit(sample, held), hazard.fit(shuffled, held)
    np.testing.assert_allclose(one.coefficients, other.coefficients, atol=1e-6)
    np.testing.assert_allclose(one.replicates, other.replicates, atol=1e-6)


def test_a_sample_without_events_is_refused() -> None:
    sample, _ = simulated(rows=100)
    with pytest.raises(ValueError, match="found 0 events"):
        hazard.fit(hazard.Sample.of(sample.features, np.zeros(100), sample.weights, sample.buckets), np.ones(3, bool))
