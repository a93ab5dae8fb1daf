"""A simulated market as the tables the models of predictions read: what people really did, before a day and after it.

The people are those of the generated market (`journey_pipeline.world`), told apart without error: what is tested is
what can be said of next months, not who is who. Must not be here: a vendor's file, a rule of the world.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from journey_pipeline.world.behaviour import blocked_channels, simulate
from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.commerce import make_orders
from journey_pipeline.world.parameters import PARAMETERS
from journey_pipeline.world.people import ALL_DENIED, GRANTED, make_people
from journey_pipeline.world.sessions import EVENTS, make_events, make_sessions
from tests.sql.compiled_models import Bench, compile_models

CHAIN = (
    "prediction_anchors", "prediction_days", "prediction_orders", "prediction_customers", "prediction_journeys",
    "prediction_activity", "prediction_purchases", "prediction_next_stages", "prediction_features", "prediction_labels",
)  # fmt: skip
# Families of visits by their kind: browse, buy, deal, app, community, advocacy.
_FAMILIES = ("website", "website", "website", "product", "community", "website")


@dataclass(frozen=True)
class Told:
    """Touches and orders of everybody, to the end of the world."""

    touches: pd.DataFrame
    orders: pd.DataFrame
    consents: pd.DataFrame


def lived(seed: int, customers: int, weeks: int, end: date) -> Told:
    """Let a market live."""
    calendar = Calendar.before(end, weeks)
    people = make_people(seed, customers, calendar, PARAMETERS)
    visits, decisions, _ = simulate(seed, people, calendar, PARAMETERS, lambda _share: None, blocked_channels()[:1])
    sessions = make_sessions(seed, visits, people, calendar, PARAMETERS, False)
    events = make_events(seed, sessions, PARAMETERS)
    orders = make_orders(seed, decisions, sessions, events, PARAMETERS, calendar.end_at)
    who, kind = sessions.person[events.session], sessions.kind[events.session]
    real = (who >= 0) & (kind < len(_FAMILIES)) & ~events.is_reload
    touches = pd.DataFrame(
        {
            "customer_id": _names(who[real]),
            "occurred_at": pd.to_datetime(events.microsecond[real], unit="us"),
            "session_number": events.session[real],
            "family": np.array(_FAMILIES)[kind[real]],
            "interaction_type": np.array(EVENTS)[events.code[real]],
        }
    ).assign(is_machine=False, is_internal_test=False)
    mine = (orders["person"] >= 0) & ~orders["is_cancelled"]
    sold = pd.DataFrame(
        {
            "conversion_id": [f"order-{number}" for number in orders["order_number"][mine]],
            "conversion_type": "order",
            "adjusts_conversion_id": None,
            "customer_id": _names(orders["person"][mine]),
            "occurred_at": pd.to_datetime(orders["created_at"][mine], unit="s"),
            "net_amount_reporting": orders["total_cents"][mine] / 100,
            "value": orders["total_cents"][mine] / 100,
        }
    ).assign(is_test=False, is_counted=True, same_deal_as=None)
    states = np.where(people.consent == GRANTED, "granted", "denied")
    known = people.consent != ALL_DENIED
    consents = pd.DataFrame({"customer_id": _names(np.flatnonzero(known)), "state": states[known]}).assign(
        purpose="ads_personalization", valid_from="2020-01-01", valid_to=None, is_current=True
    )
    return Told(touches, sold, consents)


def _names(people: np.ndarray) -> list[str]:  # type: ignore[type-arg]
    return [f"cus_{person:06}" for person in people]


def compiled(folder: Path, variables: str = "{}") -> dict[str, str]:
    """The SQL of the chain, by model."""
    return compile_models(folder, " ".join(CHAIN), variables)


def known_at(models: dict[str, str], told: Told, as_of: date) -> Bench:
    """The warehouse of a run at a midnight: nothing that came after it is in it."""
    bench = Bench(models)
    put(bench, told, as_of)
    for model in CHAIN:
        bench.run(model)
    return bench


def put(bench: Bench, told: Told, as_of: date) -> None:
    """The tables to the left, cut at a midnight (UTC)."""
    bench.clock(str(as_of))
    before = pd.Timestamp(as_of)
    bench.put("journeys.customer_touchpoints", told.touches[told.touches["occurred_at"] < before])
    bench.put(
        "journeys.customer_conversions", told.orders[told.orders["occurred_at"] < before],
        net_amount_reporting="decimal(18, 6)", value="decimal(18, 6)", adjusts_conversion_id="varchar",
        same_deal_as="varchar",
    )  # fmt: skip
    bench.put(
        "journeys.customer_consents", told.consents, valid_from="timestamp", valid_to="timestamp"
    )  # fmt: skip
    bench.connection.execute(_EMPTY)


# Journeys and answers are told by other tests.
_EMPTY = """
create or replace table warehouse.journeys.journeys (
    customer_id varchar, customer_number integer, journey_number bigint, entered_at timestamp, awareness_at timestamp,
    consideration_at timestamp, purchase_at timestamp, experience_at timestamp, advocacy_at timestamp);
create or replace table warehouse.journeys.funnel_events (
    funnel varchar, customer_number integer, event_id varchar, occurred_at timestamp, stage_number integer,
    journey_number bigint);
create or replace table warehouse.journeys.experience_answers (
    customer_id varchar, score_id varchar, instrument varchar, score_share decimal(18, 6), answered_at timestamp,
    is_detractor boolean);
create or replace table warehouse.journeys.customer_attributes (
    customer_id varchar, attribute varchar, value varchar, observed_at timestamp);
"""


def labelled(bench: Bench) -> pd.DataFrame:
    """Features beside labels of the earlier anchors."""
    return bench.ask(
        """
        select * from warehouse.journeys.prediction_features
        inner join warehouse.journeys.prediction_labels using (customer_id, days_back) order by days_back, customer_id
        """
    )


def asked(bench: Bench) -> pd.DataFrame:
    """Features at the run itself."""
    return bench.ask("select * from warehouse.journeys.prediction_features where days_back = 0 order by customer_id")


def came(told: Told, as_of: date, days: int) -> set[str]:
    """Who really bought within some days from a midnight on."""
    start, end = pd.Timestamp(as_of), pd.Timestamp(as_of + timedelta(days))
    return set(told.orders.loc[told.orders["occurred_at"].between(start, end, inclusive="left"), "customer_id"])
