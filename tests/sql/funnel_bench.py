"""A funnel of a test's own, from events with a step number to the cells of every view."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from .compiled_models import Bench

VECTORS = Path(__file__).parent.parent / "vectors"
MODES = ("reached", "sequential", "strict", "any_order")
DAY = 86400
CHAIN = (
    "funnel_events",
    "journey_events",
    "funnel_journeys",
    "funnel_transitions",
    "step_times",
    "stage_entries",
    "transitions_of_journeys",
)


def put_funnel(
    bench: Bench,
    steps: Sequence[str],
    windows: Sequence[int] | int,
    *,
    funnel: str = "journey",
    whole: int = 60 * DAY,
    idle: int = 90 * DAY,
    entry_until: int = 1,
    terminal_from: int | None = None,
    reentry: int = 0,
    default_mode: str = "reached",
    optional: Sequence[str] = (),
    exclusions: Sequence[str] = (),
) -> None:
    """The seeds of one funnel; `windows` are those of the second step and later ones."""
    given = [windows] * (len(steps) - 1) if isinstance(windows, int) else windows
    bench.put(
        "seeds.funnels",
        pd.DataFrame(
            {
                "funnel": [funnel],
                "default_mode": default_mode,
                "window_seconds": whole,
                "idle_seconds": idle,
                "entry_until": entry_until,
                "terminal_from": terminal_from or len(steps),
                "reentry_seconds": reentry,
            }
        ),
    )
    names = [*steps, *exclusions]
    bench.put(
        "seeds.stages",
        pd.DataFrame(
            {
                "funnel": funnel,
                "stage_number": range(1, len(names) + 1),
                "stage": names,
                "alias": None,
                "window_seconds": [None, *given, *[None] * len(exclusions)],
                "is_optional": [name in optional for name in names],
                "is_exclusion": [name in exclusions for name in names],
            }
        ),
        alias="varchar",
        window_seconds="bigint",
    )


def put_events(bench: Bench, events: Sequence[tuple[str, int, object]], **columns: object) -> None:
    """Events as (customer, step number, instant) of the funnel put before."""
    given = pd.DataFrame(events, columns=["customer_id", "stage_number", "occurred_at"])
    frame = given.assign(
        event_id=[f"e{n:06}" for n in range(len(given))],
        customer_number=pd.factorize(given["customer_id"])[0],
        occurred_at=pd.to_datetime(given["occurred_at"]),
        session_number=None,
        family="website",
        device_category=None,
        sub_stage=None,
        is_denied=False,
    ).assign(**columns)
    bench.put(
        "journeys.events_without_names",
        frame,
        session_number="varchar",
        device_category="varchar",
        sub_stage="varchar",
        occurred_at="timestamp",
    )
    bench.connection.execute(
        """
        create or replace table warehouse.journeys.stage_events as
        select stages.funnel, events.* exclude (stage_number), stages.stage_number, stages.stage, stages.is_exclusion
        from warehouse.journeys.events_without_names as events
        inner join warehouse.seeds.stages as stages using (stage_number)
        """
    )
    # Whose first touch a journey begins with, and the weeks of a report.
    bench.connection.execute(
        """
        create or replace table warehouse.journeys.customer_touchpoints as
        select event_id as touchpoint_id, customer_id, occurred_at, session_number, family, device_category
        from warehouse.journeys.events_without_names
        """
    )


def put_people(bench: Bench) -> None:
    """Nobody came by a known touch, has a country or a segment."""
    nothing = {
        "journeys.session_touches": ("session_number varchar, channel varchar, campaign varchar, touch_number bigint"),
        "journeys.customer_attributes": "customer_id varchar, attribute varchar, value varchar",
        "journeys.customer_weeks": "customer_id varchar, week date, lifecycle varchar",
    }
    for name, columns in nothing.items():
        bench.connection.execute(f"create or replace table warehouse.{name} ({columns})")


def run_funnel(bench: Bench, *, cells: bool = True) -> Bench:
    for model in CHAIN:
        bench.run(model)
    if cells:
        bench.run("weeks")
        bench.run("stage_cells")
    return bench
