"""measures, one step of its own: segments whose rules ask a prediction, of everybody, at the end of the latest week.

Add here: what else of a prediction a rule may ask. Must not be here: rules (`journey_pipeline.segment_rules` and its
seed), scores (`predictions`). Set-based SQL only; earlier weeks have no predictions and so no such segments.
"""

from collections.abc import Iterator

import dagster as dg
import duckdb

from journey_pipeline import verdicts
from journey_pipeline.defs.clusters import CELLS_OF
from journey_pipeline.defs.gates import require_left
from journey_pipeline.defs.resources import MARKETING, ONE_BY_ONE, WEEKS, WRITER_POOL, Warehouse
from journey_pipeline.defs.tables import table_metadata
from journey_pipeline.fault_points import point
from journey_pipeline.segment_rules import UNKNOWN, case_of, predicted_sets

_TABLES = {
    "value_segments": "One row per customer and set that asks a prediction: the segment, or why there is none.",
    "value_segment_cells": "One row per week, such a set and segment, with what segment cells count.",
}
_READS = [
    *(["journeys", name] for name in ("segment_features", "segment_weeks", "segment_facts", "segment_assignments")),
    ["journeys", "customer_numbers"],
    ["measures", "prediction_scores"],
    ["measures", "prediction_models"],
]
TARGET = "value_365"
# 1 + floor(10 * share of the customers worth more), as of every value: ties share a tenth.
_KNOWN = f"""
    create or replace temp table known as
    with tenths as (
        select customer_id,
            1 + (10 * (rank() over (order by value desc) - 1)) // count(*) over () as predicted_value_decile
        from measures.prediction_scores where target = '{TARGET}' and outcome is not null and value is not null
    ),
    refused as (
        select customer_id, reason from measures.prediction_scores where target = '{TARGET}' and outcome is null
    ),
    released as (
        select coalesce(max(is_released), false) as is_released, max(reason) as reason
        from measures.prediction_models where target = '{TARGET}'
    )
    select features.*, cast(tenths.predicted_value_decile as integer) as predicted_value_decile,
        case
            when tenths.customer_id is not null then 'none of its rules holds'
            when not released.is_released then coalesce(released.reason, 'no prediction is released')
            when refused.customer_id is not null then refused.reason
            when features.order_count = 0 then 'has not bought'
            else 'not seen within a year'
        end as lacking
    from journeys.segment_features as features
    inner join journeys.customer_numbers as numbers on features.customer_number = numbers.customer_number
    cross join released
    left join tenths on numbers.customer_id = tenths.customer_id
    left join refused on numbers.customer_id = refused.customer_id
    where features.is_latest
"""


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["measures", name],
            group_name="measures",
            deps=_READS,
            owners=[MARKETING],
            kinds={"python", "duckdb"},
            description=description,
        )
        for name, description in _TABLES.items()
    ],
    partitions_def=WEEKS,
    backfill_policy=ONE_BY_ONE,
    pool=WRITER_POOL,
)
def value_segments(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Put everybody into a segment of each set that asks a prediction."""
    with warehouse.get_connection() as connection:
        require_left(context, connection, "measures")
        build(connection)
        point("value_segments_written")
        for name in _TABLES:
            verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"measures/{name}", True)])
            yield dg.MaterializeResult(
                asset_key=["measures", name], metadata=table_metadata(connection, "measures", name)
            )


def build(connection: duckdb.DuckDBPyConnection) -> None:
    """Write every table of this step."""
    connection.execute("create schema if not exists measures")
    connection.execute("""
        create or replace table measures.value_segments (week date, week_number integer, customer_number integer,
            segment_set varchar, segment varchar, rule_version varchar, reason varchar)
    """)
    connection.execute(_KNOWN)
    latest = connection.execute("select max(week) from journeys.segment_weeks").fetchall()[0][0]
    for version in predicted_sets(latest) if latest else []:
        connection.execute(
            f"""
            insert into measures.value_segments
            select week, week_number, customer_number, ?, segment, ?, case when segment = '{UNKNOWN}' then lacking end
            from (select week, week_number, customer_number, lacking, {case_of(version)} as segment from known)
            """,
            [version.segment_set, version.rule_version],
        )
    connection.execute("drop table known")
    cells = CELLS_OF.format(assigned="measures.value_segments")
    connection.execute(f"create or replace table measures.value_segment_cells as {cells}")
