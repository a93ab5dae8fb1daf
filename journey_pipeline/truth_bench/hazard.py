"""The hazard model on a scenario market: its own SQL and its own fit, between a market and an answer.

Holds the tables the model reads beyond those of paths. Add here what it reads one day. Must not be here: the model.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pandas as pd

from journey_pipeline.attribution.calibration import experiments_in_window
from journey_pipeline.attribution.hazard_design import design
from journey_pipeline.attribution.hazard_model import hazard_model
from journey_pipeline.attribution.hazard_rows import channel_rows, credited
from journey_pipeline.defs.hazard import read_inputs
from journey_pipeline.truth_bench.warehouse import MarketWarehouse, Step, compiled, tables_of
from journey_pipeline.world.scenarios import START, Market

TARGETS = ("hazard_days", "hazard_deliveries", "hazard_stocks")


def hazard_credit(market: Market) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Fit the model to a market once; the returned function shows it experiments.

    It answers with channel, credit, low and high (95 %, null where the model says that the data cannot tell): the
    uncalibrated model without experiments, the calibrated one with some, nothing where conversions are too few.
    """
    added = _tables(market)
    with MarketWarehouse(market) as warehouse:
        for relation, frame in added.items():
            warehouse.put(relation, frame)
        warehouse.build(_steps(tuple(tables_of(market) | added)))
        inputs = read_inputs(warehouse.connection, "order")
        roles = dict(zip(market.roles["channel"], market.roles["role"], strict=True))
        filled = design(inputs.days, inputs.stocks, inputs.deliveries, inputs.kinds, roles)
    model = hazard_model(filled, roles)

    def answer(experiments: pd.DataFrame) -> pd.DataFrame:
        if model is None:
            return pd.DataFrame(columns=["channel", "credit", "low", "high"])
        conversions = inputs.days.iloc[model.event_rows][["conversion_id", "week", "value"]].reset_index(drop=True)
        conversions = conversions.assign(conversion_type="order")
        tests = experiments_in_window(experiments, inputs.starts_on, inputs.ends_before)
        cases = credited(model, filled, conversions, tests)[-1:]  # the calibrated one where an experiment speaks
        rows = channel_rows(cases, model, conversions, inputs.outside)
        rows = rows.rename(columns={"credit_ci_low": "low", "credit_ci_high": "high"})
        return rows[["channel", "credit", "low", "high"]]

    return answer


@cache
def _steps(given: tuple[str, ...]) -> list[Step]:
    return compiled(TARGETS, dict.fromkeys(given))


def _tables(market: Market) -> dict[str, pd.DataFrame]:
    """What the model reads of a market: its span, its people, their roles and no experiment yet."""
    ends_before = START + pd.Timedelta(days=market.days)
    people = market.customers
    return {
        "journeys.hazard_window": pd.DataFrame(
            {"time_zone": ["UTC"], "starts_on": [START.date()], "ends_before": [ends_before.date()]}
        ),
        "journeys.hazard_customers": pd.DataFrame({"customer_id": people["customer_id"]}).assign(
            known_from=START.date(),
            prior_conversions=0.0,
            value_tier=people["value_tier"].astype(float),
            is_subscribed=people["is_subscribed"].astype(float),
            is_business=0.0,
        ),
        # Nothing but touches is told of these people.
        "journeys.customer_touchpoints": market.touches.head(0)[["customer_id"]].assign(
            occurred_at=pd.Series(dtype="datetime64[us]"),
            interaction_type=pd.Series(dtype="str"),
            is_machine=pd.Series(dtype="bool"),
            is_internal_test=pd.Series(dtype="bool"),
        ),
        "seeds.channel_roles": market.roles.assign(is_default=True),
        "seeds.experiments": market.experiments.head(0),
    }
