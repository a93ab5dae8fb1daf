"""Conversions and touches of a test's own, through the project's own models of credit.

Holds the way in: frames -> seeds, candidates and conversions -> credits. What credit must be is in test_credits.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from journey_pipeline.settings import DBT_PROJECT

from .compiled_models import Bench

VECTORS = Path(__file__).parent.parent / "vectors"
SEEDS = {
    "conversion_types": {
        "click_lookback_seconds": "bigint",
        "view_lookback_seconds": "bigint",
        "max_steps": "bigint",
        "starts_new_cycle": "boolean",
        "is_headline": "boolean",
    },
    "lookbacks": {"click_lookback_seconds": "bigint", "view_lookback_seconds": "bigint"},
    "custom_credit_rules": dict.fromkeys(["first_weight", "middle_weight", "last_weight"], "decimal(18, 6)"),
}
CHAIN = (
    "attributed_conversions",
    "marketing_touches",
    "touch_cycles",
    "conversion_reach",
    "reached_touches",
    "considered_touches",
    "conversion_touches",
    "excluded_touches",
    "rule_weights",
    "credit_shares",
    "credits",
    "credit_cells",
)
RULES = (
    "first", "last", "last_non_direct", "linear", "position", "j_shape", "inverse_j", "w_shape", "time_decay",
    "linear_with_views", "participation",
)  # fmt: skip


def put_seed(bench: Bench, name: str, given: pd.DataFrame | None = None) -> None:
    """A seed as it ships, or rows of a test's own; columns a row leaves out are null."""
    shipped = pd.read_csv(DBT_PROJECT / "seeds" / f"{name}.csv", dtype=str)
    frame = shipped if given is None else given.reindex(columns=shipped.columns)
    casts = dict.fromkeys(shipped.columns, "varchar") | SEEDS[name]
    bench.put(f"seeds.{name}", frame.astype(object).where(frame.notna(), None), **casts)


def put_types(bench: Bench, **changes: object) -> None:
    """The one type `order`, as it ships but for the changes."""
    shipped = pd.read_csv(DBT_PROJECT / "seeds" / "conversion_types.csv", dtype=str)
    put_seed(bench, "conversion_types", shipped.query("conversion_type == 'order'").assign(**changes))


def put_conversions(bench: Bench, conversions: pd.DataFrame) -> None:
    """Counted facts with conversion_id, customer_id, occurred_at, value; orders of one week unless said otherwise."""
    given = {"conversion_type": "order", "week": "2026-01-26", "is_counted": True}
    frame = conversions.assign(**{name: value for name, value in given.items() if name not in conversions})
    casts = {"occurred_at": "timestamp", "week": "date", "value": "decimal(18, 6)", "customer_id": "varchar"}
    bench.put("journeys.customer_conversions", frame, **casts)


def put_touches(bench: Bench, touches: pd.DataFrame) -> None:
    """Candidates with customer_id, touched_at, channel; clicks that nothing excludes unless said otherwise."""
    given = {
        "touchpoint_id": [f"t{n:05}" for n in range(len(touches))],
        "session_number": None,
        "campaign": None,
        "touch_type": "click",
        "touch_number": 1,
        "exclusion": None,
    }
    frame = touches.assign(**{name: value for name, value in given.items() if name not in touches})
    text = dict.fromkeys(
        ("session_number", "campaign", "exclusion", "customer_id", "channel", "touchpoint_id"), "varchar"
    )
    bench.put("journeys.touch_candidates", frame, touched_at="timestamp", **text)


def put_considerations(bench: Bench, entries: Sequence[tuple[str, object]] = ()) -> None:
    """Journeys as (customer, instant at which consideration was entered)."""
    frame = pd.DataFrame(entries, columns=["customer_id", "consideration_at"])
    frame = frame.assign(journey_id=[f"j{n}" for n in range(len(frame))], customer_number=range(len(frame)))
    frame = frame.assign(journey_number=1)
    bench.put("journeys.journeys", frame, consideration_at="timestamp", customer_id="varchar", journey_id="varchar")


def nothing_else(bench: Bench) -> None:
    """The tables credit reads besides conversions and touches: seeds as they ship, no answers, no journeys."""
    for name in SEEDS:
        put_seed(bench, name)
    bench.ask(
        """
        create or replace table warehouse.journeys.experience_answers (score_id varchar, customer_id varchar,
            answered_at timestamp, week date, instrument varchar, is_positive boolean, is_promoter boolean);
        create or replace table warehouse.journeys.journey_events (event_id varchar, customer_number integer,
            journey_number integer, occurred_at timestamp, stage varchar, sub_stage varchar);
        """
    )
    put_considerations(bench)
    bench.clock("2026-03-02")


def credited(bench: Bench) -> pd.DataFrame:
    """Build every model of credit; the credits."""
    for model in CHAIN:
        bench.run(model)
    return bench.ask("select * from warehouse.journeys.credits order by all")


def by_channel(bench: Bench, model: str, conversion_type: str = "order") -> dict[str, float]:
    """Credit a channel earned, of channels that earned any."""
    found = bench.ask(
        f"""
        select channel, sum(credit)::double as credit from warehouse.journeys.credits
        where model = '{model}' and conversion_type = '{conversion_type}'
        group by channel having sum(credit) <> 0 order by channel
        """
    )
    return dict(zip(found["channel"], found["credit"], strict=True))
