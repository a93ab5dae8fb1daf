"""measures, one step of its own: clusters of customers by behaviour, fitted on a sample and told of everybody.

Add here: reading features and writing its tables. Must not be here: formulas (`journey_pipeline.clusters`).
The features of this and of the last week are read in batches; of the rest of history there are no clusters.
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import duckdb
import numpy as np
import pandas as pd

from journey_pipeline import clusters, verdicts
from journey_pipeline.defs.gates import require_left
from journey_pipeline.defs.resources import MARKETING, ONE_BY_ONE, WEEKS, WRITER_POOL, Warehouse
from journey_pipeline.defs.tables import table_metadata, write_table
from journey_pipeline.fault_points import point
from journey_pipeline.segment_rules import CLUSTERS
from journey_pipeline.segments import NOT_CLUSTERED, NOT_YET_KNOWN

# Vectors of 2,048 rows: 131,072 customers and nine features are 9 MB.
BATCH = 64
_TABLES = {
    "customer_clusters": "One row per customer and week of the last two: the cluster.",
    "cluster_cells": "One row per week and cluster, with what segment cells count.",
    "cluster_moves": "One row per pair of clusters, of last week and this.",
    "cluster_quality": "One row per week and number of clusters tried: silhouette, stability, seed, and why not.",
    "cluster_profiles": "One row per week, cluster and feature: the centre.",
}
_TYPES = {
    "cluster_quality": {
        "week": "date", "k": "integer", "silhouette": "double", "is_chosen": "boolean", "lowest_stability": "double",
        "sampled": "bigint", "seed": "bigint", "is_accepted": "boolean", "reason": "varchar",
    },
    "cluster_profiles": {
        "week": "date", "segment": "varchar", "feature": "varchar", "centre": "double", "stability": "double",
    },
}  # fmt: skip
_READS = ("segment_features", "segment_weeks", "segment_facts", "segment_assignments", "customer_numbers")
# Who did nothing in 91 days and ordered nothing in a year has nothing to be compared by.
SILENT = "silent"
_FEATURES = ", ".join(
    f"cast(coalesce({name}, {92 if name == 'days_since_last_activity' else 0}) as double) as {name}"
    for name in clusters.FEATURES
)
_SPEAKING = "(days_since_last_activity is not null or orders_in_year > 0)"
_SAMPLE = f"""
    select {_FEATURES} from journeys.segment_features as features
    inner join journeys.customer_numbers as customers on features.customer_number = customers.customer_number
    where week_number = ? and {_SPEAKING}
    order by md5(customers.customer_id || {clusters.SEED}), customers.customer_id limit {clusters.SAMPLE}
"""
_ROWS = f"""
    select customer_number, week, {_SPEAKING} as is_speaking, {_FEATURES}
    from journeys.segment_features where week_number = ?
"""
# What segment cells count, of sets that are assigned after journeys: one row per week, set and segment.
CELLS_OF = """
    select assigned.week, segment_set, assigned.segment, count(*) as customers,
        count(*) filter (where assignments.is_recent_buyer) as recent_buyers, 0 as entries, 0 as conversions,
        false as is_mature, count(*) filter (where facts.orders > 0) as purchasers,
        coalesce(sum(facts.orders), 0) as orders, coalesce(sum(facts.revenue), 0) as revenue,
        count(*) filter (where assignments.is_recent_buyer and facts.returned = 1) as recent_buyers_returned,
        coalesce(sum(facts.nps_answers), 0) as nps_answers, coalesce(sum(facts.promoters), 0) as promoters,
        coalesce(sum(facts.detractors), 0) as detractors, coalesce(sum(facts.csat_answers), 0) as csat_answers,
        coalesce(sum(facts.positives), 0) as positives
    from {assigned} as assigned
    inner join journeys.segment_assignments as assignments using (customer_number, week_number)
    left join journeys.segment_facts as facts using (customer_number, week_number)
    group by all
"""
_CELLS = "create or replace table measures.cluster_cells as" + CELLS_OF.format(
    assigned=f"(select *, '{CLUSTERS}' as segment_set from measures.customer_clusters)"
)
_MOVES = f"""
    create or replace table measures.cluster_moves as
    select later.week, '{CLUSTERS}' as segment_set, coalesce(earlier.segment, '{NOT_YET_KNOWN}') as from_segment,
        later.segment as to_segment, count(*) as customers, 'k-means' as from_rule_version,
        'k-means' as to_rule_version
    from measures.customer_clusters as later
    left join measures.customer_clusters as earlier
        on later.customer_number = earlier.customer_number and later.week_number = earlier.week_number + 1
    where later.week_number = (select max(week_number) from journeys.segment_weeks)
        and later.week_number > (select min(week_number) from journeys.segment_weeks)
    group by all
"""


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["measures", name],
            group_name="measures",
            deps=[["journeys", table] for table in _READS],
            owners=[MARKETING],
            kinds={"python", "scikitlearn"},
            description=description,
        )
        for name, description in _TABLES.items()
    ],
    partitions_def=WEEKS,
    backfill_policy=ONE_BY_ONE,
    pool=WRITER_POOL,
)
def customer_clusters(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Fit the clusters of the last two weeks, name them alike, and tell everybody's."""
    with warehouse.get_connection() as connection:
        require_left(context, connection, "measures")
        build(connection)
        point("clusters_written")
        for name in _TABLES:
            verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"measures/{name}", True)])
            yield dg.MaterializeResult(
                asset_key=["measures", name], metadata=table_metadata(connection, "measures", name)
            )


def build(connection: duckdb.DuckDBPyConnection) -> None:
    """Write every table of this step."""
    connection.execute("create schema if not exists measures")
    connection.execute("""
        create or replace table measures.customer_clusters
            (week date, week_number integer, customer_number integer, segment varchar);
    """)
    fitted: dict[date, clusters.Clustering] = {}
    for week, number in connection.execute(
        "select week, week_number from journeys.segment_weeks order by week desc limit 2"
    ).fetchall()[::-1]:
        fitted[week] = _one_week(connection, week, number, next(reversed(fitted.values()), None))
    quality = [one.quality.assign(week=week) for week, one in fitted.items()]
    profiles = [_profile(one).assign(week=week) for week, one in fitted.items()]
    for name, told in (("cluster_quality", quality), ("cluster_profiles", profiles)):
        empty = pd.DataFrame(columns=list(_TYPES[name]))
        write_table(connection, name, pd.concat(told, ignore_index=True) if told else empty, _TYPES[name])
    connection.execute(_CELLS)
    connection.execute(_MOVES)


def _one_week(
    connection: duckdb.DuckDBPyConnection, week: date, number: int, before: clusters.Clustering | None
) -> clusters.Clustering:
    sample = connection.execute(_SAMPLE, [number]).df().to_numpy(dtype=np.float64)
    fitted = clusters.fit(sample, before)
    rows = connection.cursor().execute(_ROWS, [number])
    while len(batch := rows.fetch_df_chunk(BATCH)):
        speaking = batch["is_speaking"].to_numpy(dtype=bool)
        labels = fitted.label(batch[list(clusters.FEATURES)].to_numpy(dtype=np.float64))
        names = np.array([NOT_CLUSTERED, *(f"cluster_{n}" for n in range(1, 3 * clusters.MOST))], dtype=object)
        segment = np.where(speaking | (labels == 0), names[labels], SILENT)
        told = pd.DataFrame(
            {"week": week, "week_number": number, "customer_number": batch["customer_number"], "segment": segment}
        )
        connection.register("told", told)
        connection.execute("insert into measures.customer_clusters by name select * from told")
        connection.unregister("told")
    return fitted


def _profile(fitted: clusters.Clustering) -> pd.DataFrame:
    profile = fitted.profile()
    profile["segment"] = [f"cluster_{n}" for n in profile.pop("cluster_number")]
    return profile
