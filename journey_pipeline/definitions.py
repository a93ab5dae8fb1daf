"""The code location: the eight words in the order data flows, and everything Dagster needs to run them."""

import os

import dagster as dg

from journey_pipeline.defs import (
    clusters,
    freshness,
    gates,
    hazard,
    identity,
    jobs,
    measures,
    predictions,
    published,
    raw,
    uplift,
    value_segments,
    warehouse,
)
from journey_pipeline.defs.resources import resources
from journey_pipeline.flow import FLOW

# Whoever starts a run, the webserver's and the daemon's processes included: what it writes is private to its owner.
os.umask(0o077)

# Word -> the module that makes it. Data only flows right: tests/test_graph.py fails on a back-arrow.
MODULES = {
    "raw": raw,
    "staging": warehouse,
    "events": warehouse,
    "identity": identity,
    "journeys": warehouse,
    "measures": measures,
    "marts": warehouse,
    "published": published,
}
if tuple(MODULES) != FLOW:
    raise ValueError(f"MODULES must name the words in the order of FLOW: {FLOW}")

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(
        [*dict.fromkeys(MODULES.values()), clusters, hazard, predictions, uplift, value_segments]
    ),
    asset_checks=dg.load_asset_checks_from_modules([gates, freshness]),
    jobs=[jobs.weekly_release],
    schedules=[jobs.weekly_schedule],
    sensors=[jobs.new_files],
    resources=resources(),
    executor=dg.in_process_executor,
)
