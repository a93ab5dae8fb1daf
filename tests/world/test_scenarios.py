"""The scenario markets: reproducible, with the truth that people chance never reached live by."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.world.scenarios import SCENARIOS, Market, Shape, simulate_market

CUSTOMERS, DAYS = 12_000, 42
FRAMES = ("touches", "conversions", "customers", "roles", "truth", "experiments")


@pytest.fixture(scope="module")
def harvest() -> Market:
    return simulate_market("harvest", CUSTOMERS, DAYS, seed=5)


def lost(market: Market) -> pd.Series:
    return market.truth.set_index("channel")["incremental_conversions"]


def test_a_seed_gives_one_market(harvest: Market) -> None:
    again, other = (simulate_market("harvest", CUSTOMERS, DAYS, seed=seed) for seed in (5, 6))
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(harvest, name))
    assert not other.conversions["occurred_at"].equals(harvest.conversions["occurred_at"])


def test_more_people_leave_the_first_ones_what_they_were() -> None:
    """A block of people has its own draws: who lives elsewhere cannot matter."""
    few, many = (simulate_market("harvest", count, 20, seed=5) for count in (4096, 8192))
    pd.testing.assert_frame_equal(few.customers, many.customers.head(4096))
    inside = many.conversions["customer_id"] < "c0004096"
    assert few.conversions["customer_id"].tolist() == many.conversions.loc[inside, "customer_id"].tolist()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_touch_comes_before_the_conversion_of_its_day(scenario: str) -> None:
    market = simulate_market(scenario, 3000, 30, seed=5)
    touches, conversions = market.touches, market.conversions
    assert touches["touchpoint_id"].is_unique and conversions["conversion_id"].is_unique
    assert set(touches["customer_id"]) | set(conversions["customer_id"]) <= set(market.customers["customer_id"])
    assert set(touches["touch_type"]) == {"click", "view"}
    assert (conversions["value"] > 0).all()
    same_day = touches.assign(day=touches["touched_at"].dt.date).merge(
        conversions.assign(day=conversions["occurred_at"].dt.date), on=["customer_id", "day"]
    )
    assert len(same_day) > 0 and (same_day["touched_at"] < same_day["occurred_at"]).all()


def test_the_truth_of_a_random_exposure_is_a_simple_difference() -> None:
    """People whom chance never showed a channel live as everybody would without it."""
    market = simulate_market("random", 50_000, DAYS, seed=5)
    bought = market.conversions.groupby("customer_id").size().reindex(market.customers["customer_id"], fill_value=0)
    shown = bought.index.isin(market.touches.loc[market.touches["channel"] == "paid_video", "customer_id"])
    never, everybody = bought[~shown], bought
    assert len(never) > 10_000
    difference = len(bought) * (everybody.mean() - never.mean())
    error = len(bought) * np.sqrt(never.var() / len(never))  # of the smaller group, which the larger one holds
    assert abs(difference - lost(market)["paid_video"]) < 2 * error
    assert lost(market)["paid_video"] > 2 * error, "an effect of nothing would agree with anything"


def test_holdouts_by_lot_find_the_truth() -> None:
    """Forty experiments of ten markets: no bias, and errors of the size they state."""
    misses, errors = [], []
    for seed in range(100, 110):
        market = simulate_market("harvest", 6000, 30, seed=seed)
        tests = market.experiments.set_index("channel")
        misses += (tests["lift_conversions"] - lost(market)[tests.index]).tolist()
        errors += tests["standard_error"].tolist()
    stated = np.sqrt(np.mean(np.square(errors)))
    assert abs(np.mean(misses)) < 3 * stated / np.sqrt(len(misses))
    assert 0.7 < np.std(misses) / stated < 1.35


def test_harvesters_stand_before_purchases_and_cause_none(harvest: Market) -> None:
    conversions = len(harvest.conversions)
    last = pd.merge_asof(
        harvest.conversions.sort_values("occurred_at"),
        harvest.touches.sort_values("touched_at"),
        left_on="occurred_at", right_on="touched_at", by="customer_id",
    )["channel"].value_counts()  # fmt: skip
    for channel in ("paid_search_brand", "affiliates"):
        assert last[channel] > 0.1 * conversions
        assert abs(lost(harvest)[channel]) < 0.01 * conversions
    for channel in ("paid_video", "paid_social", "paid_search_generic"):
        assert lost(harvest)[channel] > 0.03 * conversions


def test_a_brand_that_saves_plans_is_the_same_market_with_another_truth(harvest: Market) -> None:
    real = simulate_market("brand_real", CUSTOMERS, DAYS, seed=5)
    pd.testing.assert_frame_equal(real.touches, harvest.touches)
    plans = 0.30 * len(real.conversions)  # the share that comes back by brand search
    assert lost(real)["paid_search_brand"] == pytest.approx(0.3 * plans, rel=0.25)
    others = lost(real).index != "paid_search_brand"
    assert lost(real)[others].equals(lost(harvest)[others])


def test_weak_effects_are_weak_and_exposure_by_trait_is_seen(harvest: Market) -> None:
    weak = simulate_market("weak", CUSTOMERS, DAYS, seed=5)
    assert lost(weak).sum() < 0.6 * lost(harvest).sum()
    observed = simulate_market("observed", CUSTOMERS, DAYS, seed=5)
    shown = observed.touches.merge(observed.customers, on="customer_id").groupby(["channel", "value_tier"]).size()
    people = observed.customers.groupby("value_tier").size()
    for channel in ("paid_video", "paid_search_brand", "retargeting"):
        rate = shown[channel] / people
        assert rate[2] > 1.5 * rate[1] > 2 * rate[0]


def test_a_channel_nobody_is_shown_causes_nothing() -> None:
    shape = Shape()
    quiet = tuple(replace(c, daily_visit=0.0) if c.name == "paid_video" else c for c in shape.channels)
    market = simulate_market("harvest", 4000, 30, seed=5, shape=replace(shape, channels=quiet))
    assert lost(market)["paid_video"] == 0
    assert not (market.touches["channel"] == "paid_video").any()


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'spring'; choose from random, observed, harvest, brand_real, weak"):
        simulate_market("spring")
    with pytest.raises(ValueError, match="at least 100 and days at least 1, found 99 and 70"):
        simulate_market("weak", customers=99)
