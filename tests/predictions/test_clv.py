"""Lifetime value on markets whose future is known, and the laws it must keep whatever the market."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.predictions import bg_nbd, clv, gamma_gamma
from journey_pipeline.predictions.clv import Terms, ValueModel
from journey_pipeline.predictions.likelihood import NotFitted
from tests.predictions import buyers, cdnow, markets

SEEDS = 10
FUTURE = Terms(discount=0.0, horizon_weeks=markets.FUTURE / 7)


def model_of(customers: pd.DataFrame, terms: Terms = clv.DEFAULT) -> ValueModel:
    return clv.fit_value_model(customers, customers[customers["frequency"] > 0], terms)


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    return cdnow.histories()


@pytest.fixture(scope="module")
def model(customers: pd.DataFrame) -> ValueModel:
    return model_of(customers)


@pytest.mark.parametrize("is_rescaled", [False, True])
def test_the_total_is_within_its_interval_where_customers_buy_as_the_model_has_it(is_rescaled: bool) -> None:
    held, widths = [], []
    for seed in range(SEEDS):
        now, found = predicted("bg_nbd", seed, is_rescaled)
        total = clv.total(found, [now])
        held.append(total.low <= now["actual_spend"].sum() <= total.high)
        widths.append(total.high / total.low)
        each = clv.score(found, now)
        within = each["clv_low"].le(now["actual_spend"]) & each["clv_high"].ge(now["actual_spend"])
        assert 0.94 < within.mean() < 1
    assert sum(held) >= 0.9 * SEEDS
    assert np.median(widths) < (2.5 if is_rescaled else 1.4)


@pytest.mark.parametrize("kind", ["lasting", "weary"])
def test_the_total_is_within_its_interval_where_they_do_not(kind: str) -> None:
    held, widths = [], []
    for seed in range(SEEDS):
        now, found = predicted(kind, seed, is_rescaled=True)
        total = clv.total(found, [now])
        held.append(total.low <= now["actual_spend"].sum() <= total.high)
        widths.append(total.high / total.low)
    assert sum(held) >= 0.9 * SEEDS
    assert np.median(widths) < 3.5


def test_the_total_of_the_next_year_is_within_its_interval_on_the_simulated_market() -> None:
    """A market with season, channels and quality; two and a half years before the run, the year after it as it came."""
    held = []
    for seed in range(6):
        bought = buyers.purchases(seed, 6_000, weeks=183, end=date(2026, 11, 16))
        trained, actual = buyers.valued_at(bought, 130 * 7, min_events=80)
        if trained.total is None:
            assert trained.reason is not None and "did not settle" in trained.reason
            continue
        held.append(trained.total.low <= actual <= trained.total.high)
        # One test of a year, and none before it to say how far such a total may be off.
        assert all(np.isnan(origin.total.low) for origin in trained.origins)
        assert trained.total.high / trained.total.low < 3.5
    assert len(held) >= 4 and sum(held) >= 0.9 * len(held)


def predicted(kind: str, seed: int, is_rescaled: bool) -> tuple[pd.DataFrame, ValueModel]:
    """Customers of a market at its cut-off and the model fitted there, rescaled to the year before."""
    table = markets.orders(kind, 1_500, seed)
    now = markets.customers_at(table, markets.PAST, markets.FUTURE)
    model = model_of(now, FUTURE)
    if not is_rescaled:
        return now, model
    then = markets.customers_at(table, markets.PAST - markets.YEAR, markets.YEAR)
    return now, clv.rescaled(model, clv.holdout_ratio(model_of(then), [then], markets.YEAR / 7))


def test_value_is_margin_times_discounted_weeks_of_orders_times_spend(
    customers: pd.DataFrame, model: ValueModel
) -> None:
    found = clv.score(replace(model, terms=Terms(margin=0.4, discount=0.2, horizon_weeks=26)), customers)
    of, history = bg_nbd.parameters(model.orders), [customers["frequency"].to_numpy(float)]
    history += [customers[name].to_numpy(float) / 7 for name in ("recency_days", "age_days")]
    until = [bg_nbd.expected_orders(of, *history, week) for week in range(1, 27)]
    discounted = sum(np.diff([0 * until[0], *until], axis=0) / 1.2 ** (np.arange(1, 27) / 52)[:, None])
    spend = gamma_gamma.expected_spend(
        gamma_gamma.parameters(model.spend), customers["frequency"], customers["mean_spend"]
    )
    np.testing.assert_allclose(found["clv"], 0.4 * discounted * spend, rtol=1e-6)
    np.testing.assert_allclose(found["expected_orders"], until[-1], rtol=1e-6)
    np.testing.assert_allclose(found["expected_spend"], spend, rtol=1e-12)
    assert (found["clv"] < 0.4 * until[-1] * spend).all()


def test_batches_and_order_change_nothing(customers: pd.DataFrame, model: ValueModel) -> None:
    whole = clv.score(model, customers)
    shuffled = customers.sample(frac=1, random_state=1)
    parts = [clv.score(model, shuffled.iloc[at : at + 500]) for at in range(0, len(shuffled), 500)]
    pd.testing.assert_frame_equal(pd.concat(parts).loc[whole.index], whole, rtol=1e-12)
    total = clv.total(model, [customers.iloc[:900], customers.iloc[900:]])
    assert total == pytest.approx(clv.total(model, [customers]), rel=1e-12)
    assert total.customers == 2357
    assert total.value == pytest.approx(whole["clv"].sum(), rel=1e-12)


def test_intervals_hold_the_value_and_nobody_brings_less_than_nothing(
    customers: pd.DataFrame, model: ValueModel
) -> None:
    found = clv.score(model, customers)
    assert (found["clv_low"] >= 0).all()
    assert (found["clv_low"] <= found["clv"]).all() and (found["clv"] <= found["clv_high"]).all()
    often = customers["frequency"] >= 20
    assert often.any() and (found.loc[often & (found["p_alive"] > 0.99), "clv_low"] > 0).all()


def test_the_ratio_of_the_holdout_is_what_came_true(customers: pd.DataFrame, model: ValueModel) -> None:
    ratio = clv.holdout_ratio(model, [customers.iloc[:1000], customers.iloc[1000:]], cdnow.HOLDOUT_WEEKS)
    assert ratio.actual == pytest.approx(customers["actual_spend"].sum(), rel=1e-12)
    plain = clv.score(replace(model, terms=Terms(discount=0.0, horizon_weeks=cdnow.HOLDOUT_WEEKS)), customers)
    assert ratio.predicted == pytest.approx(plain["clv"].sum(), rel=1e-9)
    assert ratio.low < ratio.value == ratio.actual / ratio.predicted < ratio.high
    again = clv.rescaled(model, ratio)
    np.testing.assert_allclose(
        clv.score(again, customers)["clv"], clv.score(model, customers)["clv"] * ratio.value, rtol=1e-12
    )


def test_a_replicate_of_the_ratio_is_the_holdout_without_the_bucket(customers: pd.DataFrame, model: ValueModel) -> None:
    rest = customers[customers["bucket"] != 4]
    without = clv.holdout_ratio(model_of(rest), [rest], cdnow.HOLDOUT_WEEKS)
    whole = clv.holdout_ratio(model, [customers], cdnow.HOLDOUT_WEEKS)
    assert whole.replicates[4] == pytest.approx(without.value, rel=1e-4)


def test_holdouts_that_disagree_make_the_total_less_sure(customers: pd.DataFrame, model: ValueModel) -> None:
    last = clv.holdout_ratio(model, [customers], cdnow.HOLDOUT_WEEKS)
    other = replace(last, value=last.value / 2)
    sure = clv.total(clv.rescaled(model, last, [last]), [customers])
    unsure = clv.total(clv.rescaled(model, last, [other]), [customers])
    assert unsure.value == sure.value
    assert unsure.low < sure.low and unsure.high > sure.high


def test_the_model_says_what_it_assumes_in_vain(customers: pd.DataFrame, model: ValueModel) -> None:
    assert model.warnings == (
        "who buys more often spends otherwise per order (correlation 0.11, the model assumes less than 0.1)",
    )
    again = customers[customers["frequency"] > 0]
    swapped = again["mean_spend"].sample(frac=1, random_state=4).set_axis(again.index)
    independent = model_of(customers.assign(mean_spend=swapped))
    assert abs(independent.correlation) < 0.1 and independent.warnings == ()


def test_nobody_is_worth_nothing(customers: pd.DataFrame, model: ValueModel) -> None:
    assert clv.total(model, [customers.iloc[:0]]) == (0, 0.0, 0.0, 0.0)
    assert clv.score(model, customers.iloc[:0]).empty


def test_too_few_customers_are_no_model() -> None:
    few = cdnow.histories().iloc[:100]
    with pytest.raises(NotFitted, match="at least 200 are needed"):
        model_of(few)


def test_a_repeat_buyer_without_a_mean_spend_is_an_error(customers: pd.DataFrame, model: ValueModel) -> None:
    with pytest.raises(ValueError, match=r"mean_spend: .* 946 rows lack it"):
        clv.score(model, customers.assign(mean_spend=np.nan))


def test_a_spread_without_bound_has_no_interval(customers: pd.DataFrame, model: ValueModel) -> None:
    money = np.array([1.5, 1.5, 10.0])  # of one order p x + q is above 2, of none it is not
    unbounded = replace(model, spend=replace(model.spend, parameters=money, replicates=np.tile(money, (20, 1))))
    found = clv.score(unbounded, customers)
    once = customers["frequency"] == 0
    assert found.loc[once, ["clv_low", "clv_high"]].isna().all(axis=None)
    assert found.loc[~once].notna().all(axis=None) and found["clv"].notna().all()
    total = clv.total(unbounded, [customers])
    assert total.value == pytest.approx(found["clv"].sum()) and np.isnan([total.low, total.high]).all()


def test_who_has_been_gone_for_many_years_is_worth_next_to_nothing(model: ValueModel) -> None:
    long_gone = {"frequency": [300, 1], "recency_days": [310, 1], "age_days": [9_000, 9_000], "mean_spend": 50.0}
    found = clv.score(model, pd.DataFrame(long_gone))
    assert found.notna().all(axis=None)
    assert found["clv"].iloc[0] < 1e-9 and found["clv_high"].iloc[0] == found["clv"].iloc[0]


def test_a_holdout_in_which_nobody_bought_is_no_ratio(customers: pd.DataFrame, model: ValueModel) -> None:
    with pytest.raises(NotFitted, match=r"spend of the holdout: expected above 0, found 0.00"):
        clv.holdout_ratio(model, [customers.assign(actual_spend=0.0)], 10)
    with pytest.raises(ValueError, match="actual_spend: expected a number for each customer, 2357 rows lack it"):
        clv.holdout_ratio(model, [customers.assign(actual_spend=np.nan)], 10)


@pytest.mark.parametrize("terms", [{"margin": 0.0}, {"discount": -1.0}, {"horizon_weeks": 0}, {"margin": np.nan}])
def test_terms_that_value_nothing_are_an_error(terms: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected margin and horizon above 0 and a discount above -1"):
        Terms(**terms)
