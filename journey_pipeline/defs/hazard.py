"""measures, one step of its own: the hazard model, fitted per conversion type on sampled person-days.

Add here: reading and writing of its tables. Must not be here: formulas (`journey_pipeline.attribution`), scans of
row-scale tables other than the sampled days, which come in batches.
"""

from collections.abc import Iterator

import dagster as dg
import duckdb
import pandas as pd

from journey_pipeline import verdicts
from journey_pipeline.attribution import hazard_tables
from journey_pipeline.attribution.hazard_tables import HazardInputs
from journey_pipeline.defs.gates import require_left
from journey_pipeline.defs.resources import MARKETING, ONE_BY_ONE, WEEKS, WRITER_POOL, Warehouse
from journey_pipeline.defs.tables import table_metadata, write_table
from journey_pipeline.fault_points import point

# 131,072 rows of stocks are 13 MB.
BATCH = 64

_TABLES = {
    "hazard_rows": "One row per week, conversion type, model and channel: credit of the hazard model, total interval.",
    "hazard_credits": "One row per conversion, model and channel that earned something, and the baseline.",
    "hazard_coefficients": "One row per conversion type, stage and term, with coefficient and standard error.",
    "channel_role_checks": "One row per conversion type and channel: declared role, same-day enrichment, role used.",
    "attribution_models": "One row per conversion type and model of the hazard family: what was fitted, and on what.",
}
_READS = (
    ["journeys", "hazard_window"],
    ["journeys", "hazard_days"],
    ["journeys", "hazard_deliveries"],
    ["journeys", "hazard_stocks"],
    ["journeys", "attributed_conversions"],
    ["seeds", "channel_roles"],
    ["seeds", "experiments"],
)


def read_inputs(connection: duckdb.DuckDBPyConnection, conversion_type: str) -> HazardInputs:
    """What one fit needs; the stocks as a stream, in a total order."""
    given = [conversion_type]
    days = connection.execute(
        """
        select * exclude (customer_id, conversion_type) from journeys.hazard_days
        where conversion_type = ? order by person_day
        """,
        given,
    ).df()
    conversions = connection.execute(
        """
        select conversions.week, count(*) as conversions, cast(sum(conversions.value) as double) as value
        from journeys.attributed_conversions as conversions, journeys.hazard_window as span
        where conversions.conversion_type = ?
            and conversions.week >= date_trunc('week', span.starts_on) and conversions.week < span.ends_before
            and not exists (
                select 1 from journeys.hazard_days as days
                where days.conversion_type = conversions.conversion_type
                    and days.conversion_id = conversions.conversion_id
            )
        group by conversions.week order by conversions.week
        """,
        given,
    ).df()
    kinds = connection.execute(
        "select distinct channel, touch_type from journeys.hazard_stocks where conversion_type = ? order by all", given
    ).df()
    deliveries = connection.execute(
        "select * exclude (conversion_type) from journeys.hazard_deliveries where conversion_type = ? order by all",
        given,
    ).df()
    span = connection.execute("select starts_on, ends_before from journeys.hazard_window").fetchall()[0]
    return HazardInputs(
        conversion_type=conversion_type,
        starts_on=span[0],
        ends_before=span[1],
        days=days,
        stocks=_stream(connection, conversion_type),
        deliveries=deliveries,
        kinds=kinds,
        outside=conversions,
        roles=connection.execute("select * from seeds.channel_roles order by all").df(),
        experiments=connection.execute(
            "select * from seeds.experiments where conversion_type = ? order by all", given
        ).df(),
    )


def _stream(connection: duckdb.DuckDBPyConnection, conversion_type: str) -> Iterator[pd.DataFrame]:
    rows = connection.cursor().execute(
        """
        select * exclude (conversion_type) from journeys.hazard_stocks where conversion_type = ?
        order by person_day, channel, touch_type
        """,
        [conversion_type],
    )
    while len(batch := rows.fetch_df_chunk(BATCH)):
        yield batch


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["measures", name],
            group_name="measures",
            deps=list(_READS),
            owners=[MARKETING],
            kinds={"python", "numpy"},
            description=description,
        )
        for name, description in _TABLES.items()
    ],
    partitions_def=WEEKS,
    backfill_policy=ONE_BY_ONE,
    pool=WRITER_POOL,
)
def hazard(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Fit the hazard model of every conversion type that has sampled days."""
    with warehouse.get_connection() as connection:
        require_left(context, connection, "measures")
        types = connection.execute("select distinct conversion_type from journeys.hazard_days order by all").fetchall()
        fits = [hazard_tables.fitted(read_inputs(connection, name)) for (name,) in types]
        tables = hazard_tables.combined(fits)
        for name in _TABLES:
            write_table(connection, name, tables[name], hazard_tables.TYPES[name])
            point("hazard_written")
            verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"measures/{name}", True)])
            yield dg.MaterializeResult(
                asset_key=["measures", name], metadata=table_metadata(connection, "measures", name)
            )
