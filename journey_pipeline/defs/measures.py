"""measures: the mathematics on small aggregates. Each asset reads cells, calls one pure function, writes a table.

Add a measure as one entry of MEASURES. Must not be here: formulas (the pure modules), scans of row-scale tables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg
import duckdb
import pandas as pd

from journey_pipeline import attribution, conversion, experience, scorecard, segments, verdicts
from journey_pipeline.defs.gates import require_left
from journey_pipeline.defs.resources import (
    CUSTOMER_EXPERIENCE,
    MARKETING,
    ONE_BY_ONE,
    WEEKS,
    WRITER_POOL,
    Warehouse,
    as_of,
    settings,
)
from journey_pipeline.defs.tables import table_metadata
from journey_pipeline.settings import shared_numbers


@dataclass(frozen=True)
class Clock:
    """When a measure speaks: the local midnight that ends the last week, naive in the reporting time zone."""

    as_of: datetime


@dataclass(frozen=True)
class Measure:
    """Cells to read (schema.table), the pure function over them, and what the table holds."""

    cells: tuple[str, ...]
    compute: Callable[..., pd.DataFrame]
    owner: str
    description: str
    after: tuple[str, ...] = ()  # relations that must stand although no cell of them is read


def _stage_conversion(cells: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    return conversion.stage_conversion(cells, clock.as_of, min_n=shared_numbers()["min_n"])


def _attribution(
    credit_cells: pd.DataFrame, path_cells: pd.DataFrame, spend_cells: pd.DataFrame, clock: Clock
) -> pd.DataFrame:
    return attribution.attribution(credit_cells, path_cells, spend_cells)


def _segments(clock: Clock) -> pd.DataFrame:
    return segments.segments()


def _segment_metrics(cells: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    return segments.segment_metrics(cells, min_n=shared_numbers()["min_n"])


def _segment_migration(cells: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    return segments.segment_migration(cells, min_n=shared_numbers()["min_n"])


def _experience(cells: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    return experience.experience(cells, min_n=shared_numbers()["min_n"])


def _kpi_scorecard(
    cells: pd.DataFrame, kpis: pd.DataFrame, targets: pd.DataFrame, clock: Clock
) -> pd.DataFrame:
    program_start = date.fromisoformat(str(shared_numbers()["program_start"]))
    return scorecard.kpi_scorecard(cells, kpis, targets, clock.as_of, program_start)


MEASURES: dict[str, Measure] = {
    "stage_conversion": Measure(
        ("journeys.stage_cells",),
        _stage_conversion,
        CUSTOMER_EXPERIENCE,
        "One row per week, view, transition, breakdown and member: rate, Wilson interval, maturity.",
    ),
    "attribution": Measure(
        ("journeys.credit_cells", "journeys.path_cells", "journeys.spend_cells"),
        _attribution,
        MARKETING,
        "One row per week, conversion type, model, channel and campaign: credit, value, spend. Credit is not causation.",
    ),
    "segments": Measure(
        (), _segments, MARKETING, "One row per segment, with its rule in words.", after=("journeys.segment_cells",)
    ),
    "segment_metrics": Measure(
        ("journeys.segment_cells",), _segment_metrics, MARKETING, "One row per week, segment and metric."
    ),
    "segment_migration": Measure(
        ("journeys.migration_cells",),
        _segment_migration,
        MARKETING,
        "One row per week, segment before and after.",
    ),
    "experience": Measure(
        ("journeys.experience_cells",),
        _experience,
        CUSTOMER_EXPERIENCE,
        "One row per week, stage, family and instrument: score, interval and answers.",
    ),
    "kpi_scorecard": Measure(
        ("journeys.kpi_cells", "seeds.kpis", "seeds.kpi_targets"),
        _kpi_scorecard,
        CUSTOMER_EXPERIENCE,
        "One row per week, target set and KPI: baseline, actual, interval, status and owner.",
    ),
}


def asset_of(name: str, measure: Measure) -> dg.AssetsDefinition:
    @dg.asset(
        key=["measures", name],
        group_name="measures",
        deps=[dg.AssetKey(cells.split(".")) for cells in (*measure.cells, *measure.after)],
        partitions_def=WEEKS,
        backfill_policy=ONE_BY_ONE,
        pool=WRITER_POOL,
        owners=[measure.owner],
        kinds={"python", "pandas"},
        description=measure.description,
    )
    def _measure(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:  # type: ignore[type-arg]
        local = (
            as_of(context.partition_key)
            .replace(tzinfo=ZoneInfo("UTC"))
            .astimezone(ZoneInfo(settings.time_zone))
        )
        with warehouse.get_connection() as connection:
            require_left(connection, "measures")
            frames = [read_cells(connection, cells) for cells in measure.cells]
            write_table(connection, name, measure.compute(*frames, clock=Clock(local.replace(tzinfo=None))))
            verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"measures/{name}", True)])
            return dg.MaterializeResult(metadata=table_metadata(connection, "measures", name))

    return _measure


def read_cells(connection: duckdb.DuckDBPyConnection, relation: str) -> pd.DataFrame:
    """Cells in a total order, so that sums in floating point do not depend on threads."""
    return connection.execute(f"select * from {relation} order by all").df()


def write_table(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    connection.execute("create schema if not exists measures")
    connection.register("measured", frame)
    connection.execute(f'create or replace table measures."{name}" as select * from measured')
    connection.unregister("measured")


measures = [asset_of(name, measure) for name, measure in MEASURES.items()]
