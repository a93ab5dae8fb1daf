"""`journey experiment`: how many people an experiment needs, and the lot itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from journey_pipeline.cli.terminal import (
    FAULT,
    REFUSED,
    HomeOption,
    fail,
    out,
    released,
    shown,
)
from journey_pipeline.settings import load

app = typer.Typer(no_args_is_help=True, help="Experiments: how many people one needs, and the lot itself.")

SegmentOption = Annotated[str | None, typer.Option("--segment", help="Only a segment, as lifecycle:new.")]


@app.command("design")
def experiment_design(
    metric: Annotated[str, typer.Option(help="What to measure, as purchase_30: bought within 30 days.")],
    mde: Annotated[float, typer.Option(help="The smallest effect worth finding, in the metric's unit.")],
    share: Annotated[float, typer.Option(min=0.01, max=0.99, help="Share of the people who get the action.")] = 0.5,
    alpha: Annotated[float, typer.Option(min=0.0001, max=0.5, help="How often chance may pass for an effect.")] = 0.05,
    power: Annotated[float, typer.Option(min=0.05, max=0.999, help="How often a true effect is found.")] = 0.8,
    people: Annotated[int | None, typer.Option(min=2, help="Say what so many people would find instead.")] = None,
    segment: SegmentOption = None,
    home: HomeOption = None,
) -> None:
    """How many people an experiment needs, how long it takes and what it would find, from the released tables."""
    import duckdb

    from journey_pipeline.experiments import designs, planning, release_numbers

    if mde <= 0:
        fail(f"--mde {mde:g}: expected a number above 0", REFUSED)
    group = _segment(segment)
    with duckdb.connect(str(released(load(home))), read_only=True) as connection:
        try:
            now = release_numbers.baseline(connection, metric, group)
            made = planning.plan(
                now.variance, mde, designs.metric_of(metric)[1], now.people, now.per_week,
                share=share, alpha=alpha, power=power, people=people,
            )  # fmt: skip
        except ValueError as refusal:
            fail(str(refusal), REFUSED)
        except (duckdb.CatalogException, duckdb.BinderException):
            fail("the published release is older than this command; `journey run` makes a new one", FAULT)
    out.print(
        f"now      {now.people:,} people, mean {now.mean:.4g}, {now.per_week:,.1f} more each week", soft_wrap=True
    )
    out.print(f"people   {made.people:,}: {made.control:,} control, {made.treated:,} treated", soft_wrap=True)
    out.print(
        f"weeks    {made.weeks}: {made.weeks_to_assign} to assign them, then the last window of {metric}",
        soft_wrap=True,
    )
    out.print(f"power    {made.power:.3f} for an effect of {mde:g} at alpha {alpha:g}", soft_wrap=True)


@app.command("assign")
def experiment_assign(
    experiment: Annotated[str, typer.Option(help="Id of the experiment, a line of the seed experiment_designs.")],
    people: Annotated[Path, typer.Option(help="CSV with identifier_type and identifier_value, one person a line.")],
    to: Annotated[Path, typer.Option("--out", help="File to write; in the inbox it belongs into canonical/.")],
    assigned_at: Annotated[datetime | None, typer.Option(help="Moment of the lot (UTC); now when unset.")] = None,
    segment: SegmentOption = None,
    balance: Annotated[str, typer.Option(help="Set of segments by which the balance is shown.")] = "lifecycle",
    home: HomeOption = None,
) -> None:
    """Draw a lot for the people of a list: same experiment, same person, same arm, whenever it is drawn."""
    import duckdb

    from journey_pipeline import pseudonyms
    from journey_pipeline.experiments import designs, lots

    settings, at = load(home), assigned_at or datetime.now(UTC)
    if not settings.warehouse.exists():
        fail("nothing has been built yet; `journey run` builds", FAULT)
    try:
        known = designs.load_designs()
        if experiment not in known:
            listed = ", ".join(known) or "none"
            fail(f"no design {experiment!r} in the seed experiment_designs; known: {listed}", REFUSED)
        with duckdb.connect(str(settings.warehouse), read_only=True, config=settings.duckdb_config()) as connection:
            pseudonyms.add_function(connection, pseudonyms.key_of(settings))
            drawn = lots.people_in(connection, people, _segment(segment), balance)
        counted = lots.write_assignments(
            to, drawn, experiment, known[experiment].shares, pseudonyms.key_of(settings), at
        )
    except (designs.DesignError, lots.ListError) as refusal:
        fail(str(refusal), REFUSED)
    except (FileExistsError, FileNotFoundError) as fault:
        fail(f"{fault.strerror}: {fault.filename}; a lot that was drawn is not drawn over", FAULT)
    for stratum, arms in sorted(counted.items()):
        out.print(f"{stratum:<20}" + "".join(f"  {arm} {many:,}" for arm, many in arms.items()), soft_wrap=True)
    out.print(f"wrote {shown(to)}", soft_wrap=True)


def _segment(told: str | None) -> tuple[str, str] | None:
    """`lifecycle:new` as a set and a segment."""
    if told is None:
        return None
    name, separator, segment = told.partition(":")
    if not separator or not name or not segment:
        fail(f"--segment {told!r}: expected a set and a segment such as lifecycle:new", REFUSED)
    return name, segment
