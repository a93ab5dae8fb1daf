"""The staged model on a small market whose truth is known: its laws, and what it says it cannot tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.attribution import hazard_tables
from journey_pipeline.attribution.hazard import jackknife_variance
from journey_pipeline.attribution.hazard_design import design
from journey_pipeline.attribution.hazard_model import hazard_model, own_variation
from journey_pipeline.attribution.hazard_tables import HazardInputs
from journey_pipeline.world import scenarios
from tests.sql.compiled_models import Bench, compile_models

CHAIN = ["hazard_window", "hazard_touch_days", "hazard_days", "hazard_deliveries", "hazard_stocks"]
HARVESTERS = ["paid_search_brand", "affiliates"]
NO_TESTS = pd.DataFrame(
    columns=["experiment_id", "channel", "started_on", "ended_on", "lift_conversions", "standard_error"]
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), " ".join(CHAIN), "{hazard_window_days: 70}")


@pytest.fixture(scope="module")
def market() -> scenarios.Market:
    return scenarios.simulate_market("harvest", customers=12_000, days=70, seed=3)


def inputs_of(models: dict[str, str], market: scenarios.Market, touches: pd.DataFrame | None = None) -> HazardInputs:
    bench = Bench(models)
    end = scenarios.START + pd.Timedelta(days=market.days)
    bench.clock(str(end))
    bench.put("journeys.marketing_touches", market.touches if touches is None else touches)
    monday = market.conversions["occurred_at"].dt.to_period("W").dt.start_time
    conversions = market.conversions.assign(conversion_type="order", week=monday)
    bench.put("journeys.attributed_conversions", conversions, week="date", value="decimal(18, 6)")
    bench.ask("select 1")
    bench.connection.execute(
        """
        create table warehouse.journeys.customer_touchpoints (customer_id varchar, occurred_at timestamp,
            interaction_type varchar, is_machine boolean, is_internal_test boolean)
        """
    )
    known = market.customers.assign(known_from=scenarios.START.date(), prior_conversions=0.0, is_business=0.0)
    bench.put("journeys.hazard_customers", known, known_from="date", value_tier="double", is_subscribed="double")
    for model in CHAIN:
        bench.connection.execute(f"create table warehouse.journeys.{model} as {bench.models[model]}")
    stocks = bench.ask("select * from warehouse.journeys.hazard_stocks order by person_day, channel, touch_type")
    return HazardInputs(
        conversion_type="order",
        starts_on=scenarios.START.date(),
        ends_before=end.date(),
        days=bench.ask("select * from warehouse.journeys.hazard_days order by person_day"),
        stocks=[stocks],
        deliveries=bench.ask("select * from warehouse.journeys.hazard_deliveries order by all"),
        kinds=stocks[["channel", "touch_type"]].drop_duplicates(),
        outside=pd.DataFrame({"week": [scenarios.START], "conversions": [3.0], "value": [30.0]}),
        roles=market.roles.assign(is_default=True),
        experiments=NO_TESTS,
    )


@pytest.fixture(scope="module")
def inputs(models: dict[str, str], market: scenarios.Market) -> HazardInputs:
    return inputs_of(models, market)


@pytest.fixture(scope="module")
def tables(inputs: HazardInputs) -> dict[str, pd.DataFrame]:
    return hazard_tables.fitted(inputs)


def test_credit_and_baseline_of_a_conversion_sum_to_it(
    tables: dict[str, pd.DataFrame], market: scenarios.Market
) -> None:
    credit = tables["hazard_credits"].groupby("conversion_id")[["credit", "value"]].sum()
    assert len(credit) == len(market.conversions)
    np.testing.assert_allclose(credit["credit"], 1, atol=1e-9)
    np.testing.assert_allclose(
        credit["value"], market.conversions.set_index("conversion_id")["value"].reindex(credit.index), atol=1e-9
    )


def test_rows_of_a_week_sum_to_its_conversions(tables: dict[str, pd.DataFrame], market: scenarios.Market) -> None:
    found = tables["hazard_rows"].groupby("week")["credit"].sum()
    expected = market.conversions["occurred_at"].dt.to_period("W").dt.start_time.value_counts().sort_index()
    expected.iloc[0] += 3  # of nobody known: unattributed
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_navigational_channels_earn_nothing_and_say_it_is_not_known(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["hazard_rows"].query("channel in @HARVESTERS")
    assert len(rows) and (rows["credit"] == 0).all() and not rows["is_identified"].any()
    assert rows[["credit_ci_low", "credit_ci_high", "interval_kind"]].isna().all(axis=None)
    assert set(tables["hazard_rows"]["model"]) == {"hazard"}


def test_intervals_hold_more_than_the_credit_and_end_at_nothing(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["hazard_rows"].dropna(subset=["interval_kind"])
    assert len(rows) and (rows["credit_ci_low"] >= 0).all()
    assert ((rows["credit_ci_low"] <= rows["credit"]) & (rows["credit"] <= rows["credit_ci_high"])).all()
    assert set(rows["interval_kind"]) == {"total"} and not rows["is_calibrated"].any()


def test_harvesters_stand_out_on_the_day_itself_and_push_does_not(tables: dict[str, pd.DataFrame]) -> None:
    found = tables["channel_role_checks"].set_index("channel")["same_day_enrichment"]
    assert found["paid_search_brand"] > 50 > found["paid_search_generic"] > found["display"]
    assert found["display"] < 3


def test_a_test_of_a_channel_corrects_it_and_no_other_role(
    inputs: HazardInputs, tables: dict[str, pd.DataFrame]
) -> None:
    told = {"channel": ["paid_search_brand"], "lift_conversions": [90.0], "standard_error": [9.0]}
    tests = pd.DataFrame(told).assign(experiment_id="e", started_on=date(2026, 1, 5), ended_on=date(2026, 3, 15))
    rows = hazard_tables.fitted(replace(inputs, experiments=tests))["hazard_rows"]
    calibrated = rows[rows["model"] == "hazard_calibrated"]
    brand = calibrated[calibrated["channel"] == "paid_search_brand"]
    assert brand["credit"].sum() == pytest.approx(90, rel=0.02)
    assert brand["is_identified"].all() and brand["is_calibrated"].all()
    assert not calibrated[calibrated["channel"] == "affiliates"]["is_identified"].any()
    video = calibrated[calibrated["channel"] == "paid_video"]["credit"].sum()
    raw = tables["hazard_rows"].query("channel == 'paid_video'")["credit"].sum()
    assert video == pytest.approx(raw, rel=0.05)  # what brand takes comes out of the baseline first
    weekly = rows.pivot_table(index="week", columns="model", values="credit", aggfunc="sum")
    np.testing.assert_allclose(weekly["hazard_calibrated"], weekly["hazard"], atol=1e-9)


def test_touches_in_any_order_earn_the_same(
    models: dict[str, str], market: scenarios.Market, tables: dict[str, pd.DataFrame]
) -> None:
    shuffled = market.touches.sample(frac=1, random_state=1)
    other = hazard_tables.fitted(inputs_of(models, market, shuffled))
    pd.testing.assert_frame_equal(other["hazard_rows"], tables["hazard_rows"])


def test_a_push_channel_without_exposures_is_not_identified(models: dict[str, str], market: scenarios.Market) -> None:
    clicks = market.touches[(market.touches["channel"] != "email") | (market.touches["touch_type"] == "click")]
    rows = hazard_tables.fitted(inputs_of(models, market, clicks))["hazard_rows"]
    email = rows[rows["channel"] == "email"]
    assert not email["is_identified"].any() and email["credit_ci_low"].isna().all()
    assert email["note"].str.startswith("only clicks are told").all()


def test_too_few_conversions_are_not_fitted_and_say_so(models: dict[str, str]) -> None:
    small = scenarios.simulate_market("harvest", customers=400, days=70, seed=3)
    found = hazard_tables.combined([hazard_tables.fitted(inputs_of(models, small))])
    assert found["hazard_rows"].empty and not found["attribution_models"]["is_fitted"].any()
    assert "too few" in found["attribution_models"]["note"].iloc[0]
    assert len(found["channel_role_checks"]) == 10


def test_a_replicate_of_pull_holds_what_the_intent_score_does_not_know(inputs: HazardInputs) -> None:
    """Against all stages fitted again without the bucket, score and all."""
    roles = dict(zip(inputs.roles["channel"], inputs.roles["role"], strict=True))
    whole = design(inputs.days, inputs.stocks, inputs.deliveries, inputs.kinds, roles)
    pull = hazard_model(whole, roles).stages[-1]  # type: ignore[union-attr]
    at = [term.name for term in pull.terms].index("score") + 1
    spread = np.sqrt(jackknife_variance(pull.fit.replicates[:, at]))
    for bucket in (2, 13):
        kept = whole.days.buckets != bucket
        days = replace(whole.days, **{name: values[kept] for name, values in vars(whole.days).items()})
        without = {name: getattr(whole, name)[kept] for name in ("matrix", "followed_by_visit")}
        told = {name: {c: v[kept] for c, v in getattr(whole, name).items()} for name in ("touched_today", "touched")}
        refitted = hazard_model(replace(whole, days=days, **without, **told), roles)  # type: ignore[arg-type]
        assert refitted is not None
        exact = refitted.stages[-1].fit.coefficients[at]
        assert abs(pull.fit.replicates[bucket, at] - exact) < 0.05 * spread


def test_own_variation_is_one_alone_and_nothing_for_a_copy() -> None:
    draw = np.random.default_rng(2)
    x = np.column_stack([np.ones(500), draw.normal(size=(500, 2))])
    copied = np.column_stack([x, x[:, 1]])
    assert own_variation(x.T @ x, np.array([1])) == pytest.approx(1, abs=0.02)
    assert own_variation(copied.T @ copied, np.array([1])) == pytest.approx(0, abs=1e-6)
