"""`journey paths` and `timeline`: what customers of the release did, in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from journey_pipeline.cli.terminal import (
    FAULT,
    REFUSED,
    HomeOption,
    fail,
    out,
    released,
)
from journey_pipeline.settings import load

if TYPE_CHECKING:
    from journey_pipeline.paths import Found

app = typer.Typer()


@app.command("paths")
def journeys_by_path(
    pattern: Annotated[str, typer.Argument(help="As 'website/* > !support/* > commerce/order_placed'.")],
    week: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only journeys that entered in the week of this Monday."),
    ] = None,
    cohort: Annotated[
        str, typer.Option(help="all, converting, not_converting, open, new, returning, or as segment:at_risk.")
    ] = "all",
    home: HomeOption = None,
) -> None:
    """Which journeys of the release follow a pattern: > is then, * is anything between, !x is no x between."""
    import duckdb

    from journey_pipeline import paths, weeks

    if week is not None and week.date() != weeks.monday(week.date()):
        fail(f"--week {week:%Y-%m-%d} is a {week:%A}; the Monday of its week is {weeks.monday(week.date())}", REFUSED)
    with duckdb.connect(str(released(load(home))), read_only=True) as connection:
        try:
            found = paths.find(connection, pattern, week.date() if week else None, cohort)
        except paths.PatternError as refusal:
            fail(str(refusal), REFUSED)
        except (duckdb.CatalogException, duckdb.BinderException):
            fail("the published release is older than its paths; `journey run` makes a new one", FAULT)
    for line in _found(found):
        out.print(line, soft_wrap=True, markup=False)


def _found(found: Found) -> Iterator[str]:
    share = "" if found.share is None else f" ({found.share:.1%})"
    yield f"{found.journeys:,} of {found.of_journeys:,} journeys match{share}"
    if found.interval:
        low, high = found.interval
        interval = f"{found.rate:.1%} (95 % interval {low:.1%} to {high:.1%})"
        yield f"{found.converting:,} of the {found.mature:,} mature ones reached purchase within its window: {interval}"
    elif found.journeys:
        yield "none of them is mature: whether they reach purchase within its window is not known yet"
    if found.cut:
        yield f"{found.cut:,} journeys are longer than their path says; what they did later is not looked at"
    for journey_id, path in found.examples:
        yield f"  {journey_id}  {path}"


@app.command()
def timeline(
    customer_id: Annotated[str, typer.Argument(help="As in the table customers, cus_ and 16 digits.")],
    home: HomeOption = None,
) -> None:
    """Everything the release knows of one customer, across all channels, in order of time (UTC)."""
    import duckdb

    from journey_pipeline import paths

    with duckdb.connect(str(released(load(home))), read_only=True) as connection:
        try:
            events = paths.timeline(connection, customer_id.strip())
        except (duckdb.CatalogException, duckdb.BinderException):
            fail("the published release is older than its timelines; `journey run` makes a new one", FAULT)
    if not events:
        fail("the release knows no event of this customer; `journey identity explain` finds the id of a person", FAULT)
    journey = None
    for event in events:
        if event.journey_id != journey:
            out.print(f"journey {event.journey_id}", markup=False)
            journey = event.journey_id
        told = [event.channel and f"by {event.channel}", event.amount is not None and f"amount {event.amount:,.2f}"]
        told.append(event.score is not None and f"score {event.score:g}")
        line = f"  {event.occurred_at:%Y-%m-%d %H:%M:%S}  {event.stage or '-':<13}  {event.kind:<10}  {event.what}"
        out.print("  ".join([line, *(part for part in told if part)]), soft_wrap=True, markup=False)
