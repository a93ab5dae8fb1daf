"""`journey report`, `truth` and `ui`: what is looked at in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from journey_pipeline.cli.terminal import (
    FAULT,
    REFUSED,
    HomeOption,
    err,
    fail,
    out,
    shown,
)
from journey_pipeline.settings import load

app = typer.Typer()


@app.command()
def report(home: HomeOption = None) -> None:
    """Open the report of the published release."""
    page = load(home).home / "published" / "report" / "index.html"
    if not page.exists():
        fail("nothing has been published yet; `journey run` makes the report", FAULT)
    out.print(shown(page), soft_wrap=True)
    if not webbrowser.open(page.resolve().as_uri()):
        out.print("no browser here; open that file in one")


@app.command()
def truth(
    scenario: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    seed: Annotated[
        list[int] | None, typer.Option(help="Of a market; may be repeated. 11, 12 and 13 when unset.")
    ] = None,
    customers: Annotated[int | None, typer.Option(min=100, help="People in each market.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days each market lives.")] = None,
    market: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TOML with the numbers of a market like yours.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Page to write the result into, with coverage.")
    ] = None,
) -> None:
    """Hold every attribution model against simulated markets whose truth is known."""
    from journey_pipeline import truth_bench
    from journey_pipeline.truth_bench import page as pages
    from journey_pipeline.world.market_shape import market_shape
    from journey_pipeline.world.scenarios import SCENARIOS

    try:
        result = truth_bench.run(
            scenario or tuple(SCENARIOS),
            seed or truth_bench.SEEDS,
            customers or truth_bench.CUSTOMERS,
            days or truth_bench.DAYS,
            market_shape(market) if market else None,
            with_coverage=page is not None,
            say=lambda line: err.print(line, markup=False),
        )
        if page:
            pages.write(result, page)
    except ValueError as refusal:
        fail(str(refusal), REFUSED)
    except RuntimeError as fault:
        fail(str(fault), FAULT)
    out.print(pages.text(result), markup=False, soft_wrap=True)


@app.command()
def ui(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
) -> None:
    """Start the Dagster UI on workspace.yaml."""
    import runpy
    import warnings

    import dagster as dg

    from journey_pipeline import running
    from journey_pipeline.settings import PROJECT_ROOT

    settings = load(home)
    running.dagster_home(settings)
    os.chdir(PROJECT_ROOT)
    # `dg dev`, which supersedes the command, needs another package and does the same.
    warnings.filterwarnings("ignore", category=dg.SupersessionWarning)
    sys.argv = ["dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    runpy.run_module("dagster", run_name="__main__")  # in this process: signals reach it
